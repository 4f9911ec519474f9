using System;

namespace TfjsBridge
{
    /// <summary>Memory for the scores of one prediction; its version tells whether it was overwritten since.</summary>
    internal sealed class ScoreList<TLabel> where TLabel : struct
    {
        private readonly Classifier<TLabel> _model;
        private int[] _indices = new int[0];
        private float[] _scores = new float[0];

        public ScoreList(Classifier<TLabel> model) => _model = model;

        public Classifier<TLabel> Model => _model;

        public int Count { get; private set; }

        public int Version { get; private set; }

        public ClassScore<TLabel> this[int rank] =>
            new ClassScore<TLabel>(_model.LabelOf(_indices[rank]), _scores[rank]);

        public int IndexAt(int rank) => _indices[rank];

        public float ScoreAt(int rank) => _scores[rank];

        /// <summary>Takes the (class index, score) pairs of a result.</summary>
        public void Fill(byte[] result)
        {
            Resize(ResultHeader.Count(result) / 2);
            for (int rank = 0, at = Native.ResultHeaderBytes; rank < Count; rank++, at += 2 * sizeof(float))
            {
                _indices[rank] = (int)BitConverter.ToSingle(result, at);
                _scores[rank] = BitConverter.ToSingle(result, at + sizeof(float));
            }
        }

        public float ScoreOf(TLabel label)
        {
            var rank = Array.IndexOf(_indices, _model.IndexOfLabel(label), 0, Count);
            return rank >= 0 ? _scores[rank] : float.NaN;
        }

        public ScoreList<TLabel> Copy()
        {
            var copy = new ScoreList<TLabel>(_model);
            copy.Resize(Count);
            Array.Copy(_indices, copy._indices, Count);
            Array.Copy(_scores, copy._scores, Count);
            return copy;
        }

        private void Resize(int count)
        {
            if (count > _indices.Length)
            {
                _indices = new int[count];
                _scores = new float[count];
            }
            Count = count;
            Version++;
        }
    }
}
