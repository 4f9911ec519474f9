using System;

namespace TfjsBridge
{
    /// <summary>The numbers that a model gave for one picture, by its outputs.</summary>
    /// <remarks>
    /// A result from <c>Predict</c> is yours for good. One from <c>TryGetResult</c> shares the model's memory, so that
    /// polling allocates nothing: it holds until the next newer result, and reading it later throws;
    /// <see cref="Copy"/> and <see cref="RawArray.CopyTo"/> keep it longer.
    /// </remarks>
    public readonly struct RawResult<TOutput> where TOutput : struct
    {
        private readonly RawModel<TOutput> _model;
        private readonly RawList _list;
        private readonly int _version;

        internal RawResult(RawModel<TOutput> model, RawList list, int frame)
        {
            _model = model;
            _list = list;
            _version = list.Version;
            Count = list.Count;
            Frame = frame;
        }

        /// <summary>The number of the submitted frame that this is about; later frames have larger numbers.</summary>
        public int Frame { get; }

        /// <summary>How many outputs there are.</summary>
        public int Count { get; }

        /// <summary>The numbers of an output.</summary>
        public RawArray this[TOutput output] => Count > 0
            ? new RawArray(_list, _version, _model.PlaceOf(output))
            : throw new ArgumentOutOfRangeException(nameof(output));

        /// <summary>The same in memory of its own.</summary>
        public RawResult<TOutput> Copy()
        {
            if (Count == 0) return this;
            if (_list.Version != _version) throw RawArray.Replaced();
            return new RawResult<TOutput>(_model, _list.Copy(), Frame);
        }
    }
}
