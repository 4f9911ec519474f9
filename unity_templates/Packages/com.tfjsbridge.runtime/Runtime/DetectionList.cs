using System;
using UnityEngine;

namespace TfjsBridge
{
    /// <summary>Memory for the detections of one picture; its version tells whether it was overwritten since.</summary>
    internal sealed class DetectionList<TLabel> where TLabel : struct
    {
        /// <summary>Numbers of a detection in a result: class, score, left, top, width, height; y goes down there.</summary>
        public const int Numbers = 6;

        private readonly Detector<TLabel> _model;
        private Detection<TLabel>[] _found = new Detection<TLabel>[0];

        public DetectionList(Detector<TLabel> model) => _model = model;

        public int Count { get; private set; }

        public int Version { get; private set; }

        public Detection<TLabel> this[int rank] => _found[rank];

        public void Fill(byte[] result)
        {
            Resize(ResultHeader.Count(result) / Numbers);
            for (int rank = 0, at = Native.ResultHeaderBytes; rank < Count; rank++, at += Numbers * sizeof(float))
                _found[rank] = Read(result, at);
        }

        public DetectionList<TLabel> Copy()
        {
            var copy = new DetectionList<TLabel>(_model);
            copy.Resize(Count);
            Array.Copy(_found, copy._found, Count);
            return copy;
        }

        private Detection<TLabel> Read(byte[] result, int at)
        {
            float left = Float(result, at, 2), top = Float(result, at, 3);
            float width = Float(result, at, 4), height = Float(result, at, 5);
            var box = new Rect(left, 1 - top - height, width, height);
            return new Detection<TLabel>(box, _model.LabelOf((int)Float(result, at, 0)), Float(result, at, 1));
        }

        private static float Float(byte[] result, int at, int place) =>
            BitConverter.ToSingle(result, at + place * sizeof(float));

        private void Resize(int count)
        {
            if (count > _found.Length) _found = new Detection<TLabel>[count];
            Count = count;
            Version++;
        }
    }
}
