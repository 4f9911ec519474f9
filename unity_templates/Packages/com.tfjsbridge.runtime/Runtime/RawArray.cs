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

        /// <summary>How many axes it has; 0 when a newer result has replaced the numbers.</summary>
        public int Rank => IsFresh ? _list.RankAt(_start) : 0;

        /// <summary>How many numbers there are; 0 when a newer result has replaced them.</summary>
        public int Length => IsFresh ? _list.LengthAt(_start) : 0;

        /// <summary>A number, counted over all axes.</summary>
        public float this[int index]
        {
            get
            {
                if (_list != null && !IsFresh) throw Replaced();
                if (index < 0 || index >= Length) throw new ArgumentOutOfRangeException(nameof(index));
                return _list.ValueAt(_start, index);
            }
        }

        /// <summary>The size of an axis, the first is that of the batch, 1; 0 for an axis that it does not have.</summary>
        public int SizeOf(int axis) => axis >= 0 && axis < Rank ? _list.SizeAt(_start, axis) : 0;

        /// <summary>
        /// Copies the numbers into an array of your own; returns how many, 0 when a newer result has replaced them.
        /// Allocates nothing and never throws.
        /// </summary>
        public int CopyTo(float[] into)
        {
            if (into == null || !IsFresh) return 0;
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
            for (var i = 0; i < Math.Min(Length, 8); i++) text += " " + _list.ValueAt(_start, i).ToString("0.###");
            return Length > 8 ? text + " …" : text;
        }

        internal static Exception Replaced() =>
            new InvalidOperationException("A newer result has replaced these numbers; keep them by Copy().");

        private bool IsFresh => _list != null && _list.Version == _version;
    }
}
