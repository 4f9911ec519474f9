using System;

namespace TfjsBridge
{
    /// <summary>Memory for the numbers of one result; its version tells whether it was overwritten since.</summary>
    internal sealed class RawList
    {
        // Of each output its rank, its shape and its values, one output after the other.
        private float[] _numbers = new float[0];
        private int[] _starts = new int[0];

        public int Count { get; private set; }

        public int Version { get; private set; }

        public int StartOf(int output) => _starts[output];

        public int RankAt(int start) => (int)_numbers[start];

        public int SizeAt(int start, int axis) => (int)_numbers[start + 1 + axis];

        public int LengthAt(int start)
        {
            var length = 1;
            for (var axis = 0; axis < RankAt(start); axis++) length *= SizeAt(start, axis);
            return length;
        }

        public float ValueAt(int start, int index) => _numbers[start + 1 + RankAt(start) + index];

        public void Copy(int start, float[] into, int count) =>
            Array.Copy(_numbers, start + 1 + RankAt(start), into, 0, count);

        public void Fill(byte[] result)
        {
            var count = ResultHeader.Count(result);
            if (count > _numbers.Length) _numbers = new float[count];
            Buffer.BlockCopy(result, Native.ResultHeaderBytes, _numbers, 0, count * sizeof(float));
            Count = 0;
            Version++;
            for (var at = 0; at < count; at += 1 + RankAt(at) + LengthAt(at)) Add(at);
        }

        public RawList Copy()
        {
            return new RawList
            {
                _numbers = (float[])_numbers.Clone(), _starts = (int[])_starts.Clone(), Count = Count
            };
        }

        private void Add(int start)
        {
            if (Count == _starts.Length) Array.Resize(ref _starts, Count + 4);
            _starts[Count++] = start;
        }
    }
}
