using System;

namespace TfjsBridge
{
    /// <summary>
    /// What a detector found in one picture, best first; often nothing.
    /// <code>foreach (var (box, label, score) in await model.Predict(texture)) Mark(box.In(screen), label);</code>
    /// </summary>
    /// <remarks>
    /// Detections from <c>Predict</c> are yours for good. Those from <c>TryGetResult</c> share the model's memory, so
    /// that polling allocates nothing: they hold until the next newer result, and reading them later throws;
    /// <see cref="Copy"/> and <see cref="CopyTo"/> keep them longer.
    /// </remarks>
    public readonly struct Detections<TLabel> where TLabel : struct
    {
        private readonly DetectionList<TLabel> _list;
        private readonly int _version;

        internal Detections(DetectionList<TLabel> list, int frame)
        {
            _list = list;
            _version = list.Version;
            Count = list.Count;
            Frame = frame;
        }

        /// <summary>The number of the submitted frame that this is about; later frames have larger numbers.</summary>
        public int Frame { get; }

        /// <summary>How many things were found.</summary>
        public int Count { get; }

        /// <summary>The things, best first.</summary>
        public Detection<TLabel> this[int rank] => rank >= 0 && rank < Count
            ? List[rank]
            : throw new ArgumentOutOfRangeException(nameof(rank));

        /// <summary>The same in memory of its own.</summary>
        public Detections<TLabel> Copy() => Count == 0 ? this : new Detections<TLabel>(List.Copy(), Frame);

        /// <summary>
        /// Copies the best into an array of your own, best first; returns how many, 0 when a newer result has replaced
        /// them. Allocates nothing and never throws.
        /// </summary>
        public int CopyTo(Detection<TLabel>[] into)
        {
            var list = FreshList;
            var count = list == null || into == null ? 0 : Math.Min(list.Count, into.Length);
            for (var rank = 0; rank < count; rank++) into[rank] = list[rank];
            return count;
        }

        public Enumerator GetEnumerator() => new Enumerator(this);

        public override string ToString() => Count + " detections";

        private DetectionList<TLabel> FreshList => _list != null && _list.Version == _version ? _list : null;

        private DetectionList<TLabel> List => FreshList ??
            throw new InvalidOperationException("A newer result has replaced these detections; keep them by Copy().");

        /// <summary>Lets <c>foreach (var (box, label, score) in detections)</c> go without garbage.</summary>
        public struct Enumerator
        {
            private readonly Detections<TLabel> _detections;
            private int _rank;

            internal Enumerator(Detections<TLabel> detections)
            {
                _detections = detections;
                _rank = -1;
            }

            public Detection<TLabel> Current => _detections[_rank];

            public bool MoveNext() => ++_rank < _detections.Count;
        }
    }
}
