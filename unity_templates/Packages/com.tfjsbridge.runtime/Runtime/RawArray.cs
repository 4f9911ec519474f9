using System;

namespace TfjsBridge
{
    /// <summary>The numbers of one output, row by row, and its shape; see <see cref="RawResult{TOutput}"/>.</summary>
    public readonly struct RawArray
    {
        private readonly RawList _list;
        private readonly int _version;
        private readonly int _start;

        internal RawArray(RawList list, int version, int output)
        {
            if (list.Version != version) throw Replaced();
            _list = list;
            _version = version;
            _start = list.StartOf(output);
        }

        /// <summary>How many axes it has.</summary>
        public int Rank => _list == null ? 0 : List.RankAt(_start);

        /// <summary>How many numbers there are.</summary>
        public int Length => _list == null ? 0 : List.LengthAt(_start);

        /// <summary>A number, counted over all axes.</summary>
        public float this[int index] => index >= 0 && index < Length
            ? List.ValueAt(_start, index)
            : throw new ArgumentOutOfRangeException(nameof(index));

        /// <summary>The size of an axis; the first is that of the batch, 1.</summary>
        public int SizeOf(int axis) => axis >= 0 && axis < Rank
            ? List.SizeAt(_start, axis)
            : throw new ArgumentOutOfRangeException(nameof(axis));

        /// <summary>
        /// Copies the numbers into an array of your own; returns how many, 0 when a newer result has replaced them.
        /// Allocates nothing and never throws.
        /// </summary>
        public int CopyTo(float[] into)
        {
            if (into == null || _list == null || _list.Version != _version) return 0;
            var count = Math.Min(_list.LengthAt(_start), into.Length);
            _list.Copy(_start, into, count);
            return count;
        }

        /// <summary>The shape and the first numbers.</summary>
        public override string ToString()
        {
            var text = "[";
            for (var axis = 0; axis < Rank; axis++) text += (axis > 0 ? ", " : "") + SizeOf(axis);
            text += "]";
            for (var i = 0; i < Math.Min(Length, 8); i++) text += " " + this[i].ToString("0.###");
            return Length > 8 ? text + " …" : text;
        }

        internal static Exception Replaced() =>
            new InvalidOperationException("A newer result has replaced these numbers; keep them by Copy().");

        private RawList List => _list.Version == _version ? _list : throw Replaced();
    }
}
