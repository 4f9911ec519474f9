using System;

namespace TfjsBridge
{
    /// <summary>
    /// What a classifier says about one picture: the best class, and all classes that the model reports, best first.
    /// <code>var (label, score) = await model.Predict(texture);</code>
    /// </summary>
    /// <remarks>
    /// A prediction from <c>Predict</c> is yours for good. One from <c>TryGetResult</c> shares the model's memory, so
    /// that polling allocates nothing: <see cref="Label"/>, <see cref="Score"/> and <see cref="Frame"/> stay, the list
    /// holds until the next newer result, and reading it later throws; <see cref="Copy"/> and <see cref="CopyTop"/> keep
    /// it longer.
    /// </remarks>
    public readonly struct Prediction<TLabel> where TLabel : struct
    {
        private readonly ScoreList<TLabel> _scores;
        private readonly int _version;

        internal Prediction(ScoreList<TLabel> scores, int frame)
        {
            _scores = scores;
            _version = scores.Version;
            Count = scores.Count;
            Frame = frame;
            Label = Count > 0 ? scores[0].Label : default(TLabel);
            Score = Count > 0 ? scores[0].Score : 0;
        }

        /// <summary>The class with the best score.</summary>
        public TLabel Label { get; }

        /// <summary>Its score.</summary>
        public float Score { get; }

        /// <summary>The number of the submitted frame that this is about; later frames have larger numbers.</summary>
        public int Frame { get; }

        /// <summary>How many classes the model reports.</summary>
        public int Count { get; }

        /// <summary>The classes, best first.</summary>
        public ClassScore<TLabel> this[int rank] => rank >= 0 && rank < Count
            ? Scores[rank]
            : throw new ArgumentOutOfRangeException(nameof(rank));

        /// <summary>The score of a class; NaN when it is not among the reported ones.</summary>
        public float ScoreOf(TLabel label) => Count > 0 ? Scores.ScoreOf(label) : float.NaN;

        /// <summary>The same prediction in memory of its own.</summary>
        public Prediction<TLabel> Copy() =>
            Count == 0 ? this : new Prediction<TLabel>(Scores.Copy(), Frame);

        /// <summary>
        /// Copies the best classes, best first, into an array of your own; returns how many, 0 when a newer result has
        /// replaced them. Allocates nothing and never throws.
        /// </summary>
        public int CopyTop(ClassScore<TLabel>[] into)
        {
            var scores = FreshScores;
            var count = scores == null || into == null ? 0 : Math.Min(scores.Count, into.Length);
            for (var rank = 0; rank < count; rank++) into[rank] = scores[rank];
            return count;
        }

        public void Deconstruct(out TLabel label, out float score)
        {
            label = Label;
            score = Score;
        }

        public Enumerator GetEnumerator() => new Enumerator(this);

        public override string ToString() => Label + " " + Score.ToString("0.000");

        /// <summary>The scores, or null when there are none or a newer result has replaced them.</summary>
        internal ScoreList<TLabel> FreshScores => _scores != null && _scores.Version == _version ? _scores : null;

        private ScoreList<TLabel> Scores => FreshScores ??
            throw new InvalidOperationException("A newer result has replaced these scores; keep them by Copy().");

        /// <summary>Lets <c>foreach (var (label, score) in prediction)</c> go without garbage.</summary>
        public struct Enumerator
        {
            private readonly Prediction<TLabel> _prediction;
            private int _rank;

            internal Enumerator(Prediction<TLabel> prediction)
            {
                _prediction = prediction;
                _rank = -1;
            }

            public ClassScore<TLabel> Current => _prediction[_rank];

            public bool MoveNext() => ++_rank < _prediction.Count;
        }
    }
}
