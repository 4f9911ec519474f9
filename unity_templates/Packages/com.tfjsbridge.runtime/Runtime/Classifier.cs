namespace TfjsBridge
{
    /// <summary>
    /// A model that says which class a picture belongs to. <typeparamref name="TLabel"/> is the generated enum.
    /// <code>
    /// using (var model = new HandSigns())
    /// {
    ///     var (label, score) = await model.Predict(texture);
    /// }
    /// </code>
    /// Or without waiting and without garbage, in Update:
    /// <code>
    /// if (model.State == ModelState.Ready) model.TrySubmit(texture);
    /// if (model.TryGetResult(out var result)) Show(result.Label, result.Score);
    /// </code>
    /// </summary>
    public abstract class Classifier<TLabel> : PictureModel<Prediction<TLabel>> where TLabel : struct
    {
        private readonly ScoreList<TLabel> _polled;

        protected Classifier(ModelInfo info, PreferredBackend backend)
            : base(info, backend, Native.ClassificationTask, 2 * info.TopK) => _polled = new ScoreList<TLabel>(this);

        /// <summary>The label of the model's output at <paramref name="index"/>.</summary>
        protected abstract TLabel LabelAt(int index);

        /// <summary>The index of a label among the model's outputs.</summary>
        protected abstract int IndexOf(TLabel label);

        internal TLabel LabelOf(int index) => LabelAt(index);

        internal int IndexOfLabel(TLabel label) => IndexOf(label);

        internal override Prediction<TLabel> ReadAwaited(byte[] result, int frame) =>
            Read(result, frame, new ScoreList<TLabel>(this));

        internal override Prediction<TLabel> ReadPolled(byte[] result, int frame) => Read(result, frame, _polled);

        private static Prediction<TLabel> Read(byte[] result, int frame, ScoreList<TLabel> scores)
        {
            scores.Fill(result);
            return new Prediction<TLabel>(scores, frame);
        }
    }
}
