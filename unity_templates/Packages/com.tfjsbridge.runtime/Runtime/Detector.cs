namespace TfjsBridge
{
    /// <summary>
    /// A model that finds things in a picture. <typeparamref name="TLabel"/> is the generated enum.
    /// <code>
    /// using (var model = new Things())
    /// {
    ///     foreach (var (box, label, score) in await model.Predict(texture)) Debug.Log(label + " at " + box);
    /// }
    /// </code>
    /// Or without waiting and without garbage, in Update:
    /// <code>
    /// if (model.State == ModelState.Ready) model.TrySubmit(texture);
    /// if (model.TryGetDetections(_found, out var count)) Show(_found, count);
    /// </code>
    /// </summary>
    public abstract class Detector<TLabel> : PictureModel<Detections<TLabel>> where TLabel : struct
    {
        private readonly DetectionList<TLabel> _polled;

        protected Detector(ModelInfo info, PreferredBackend backend)
            : base(info, backend, Native.DetectionTask, DetectionList<TLabel>.Numbers * info.TopK) =>
            _polled = new DetectionList<TLabel>(this);

        /// <summary>
        /// Copies what was found in the newest picture that TrySubmit handed over into an array of your own, best
        /// first; each result once. <paramref name="count"/> are as many as there are, at most the array's length.
        /// Never throws, allocates nothing.
        /// </summary>
        public bool TryGetDetections(Detection<TLabel>[] into, out int count)
        {
            var isNew = TryGetResult(out var result);
            count = isNew ? result.CopyTo(into) : 0;
            return isNew;
        }

        /// <summary>The label of the model's class number <paramref name="index"/>.</summary>
        protected abstract TLabel LabelAt(int index);

        /// <summary>The class number of a label.</summary>
        protected abstract int IndexOf(TLabel label);

        internal TLabel LabelOf(int index) => LabelAt(index);

        internal int IndexOfLabel(TLabel label) => IndexOf(label);

        internal override Detections<TLabel> ReadAwaited(byte[] result, int frame) =>
            Read(result, frame, new DetectionList<TLabel>(this));

        internal override Detections<TLabel> ReadPolled(byte[] result, int frame) => Read(result, frame, _polled);

        private static Detections<TLabel> Read(byte[] result, int frame, DetectionList<TLabel> list)
        {
            list.Fill(result);
            return new Detections<TLabel>(list, frame);
        }
    }
}
