using UnityEngine;

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
    public abstract class Classifier<TLabel> : Model where TLabel : struct
    {
        private readonly ScoreList<TLabel> _polled;
        private Prediction<TLabel> _newest;
        private bool _isUnread;

        protected Classifier(ModelInfo info, PreferredBackend backend) : base(info, backend) =>
            _polled = new ScoreList<TLabel>(this);

        /// <summary>
        /// Predicts on a Texture2D, RenderTexture or WebCamTexture; loads the model and waits for it, and for the
        /// webcam's first frame. Never dropped: predictions wait for each other.
        /// </summary>
        /// <remarks>
        /// Awaiting throws a <see cref="BridgeException"/>, or an OperationCanceledException when the model is disposed.
        /// In Update a camera's RenderTexture still holds the previous frame.
        /// </remarks>
        public PredictOperation<TLabel> Predict(Texture source, SourceFlags flags = SourceFlags.None) =>
            Start(ImageSource.Of(source, flags));

        /// <summary>
        /// The same for pixels as GetPixels32 gives them, bottom row first. Until the model is ready, and while its
        /// queue is full, the array is kept: do not change it before the operation is done.
        /// </summary>
        public PredictOperation<TLabel> Predict(
            Color32[] pixels, int width, int height, SourceFlags flags = SourceFlags.None) =>
            Start(ImageSource.Of(pixels, width, height, flags));

        /// <summary>The same for bytes: four a pixel (RGBA32), or three with <c>SourceFlags.Rgb24</c>.</summary>
        public PredictOperation<TLabel> Predict(
            byte[] pixels, int width, int height, SourceFlags flags = SourceFlags.None) =>
            Start(ImageSource.Of(pixels, width, height, flags));

        /// <summary>The same for the webcam's newest frame, straight from the browser and never through Unity.</summary>
        public PredictOperation<TLabel> PredictCamera(SourceFlags flags = SourceFlags.None) =>
            Start(ImageSource.OfCamera(flags));

        /// <summary>
        /// The newest result of what TrySubmit handed over, each one once. Never throws, allocates nothing: see
        /// <see cref="Prediction{TLabel}"/> for how long its list of classes holds.
        /// </summary>
        public bool TryGetResult(out Prediction<TLabel> result)
        {
            TakeResults();
            var isNew = _isUnread && State != ModelState.Disposed;
            result = isNew ? _newest : default(Prediction<TLabel>);
            _isUnread = false;
            return isNew;
        }

        /// <summary>The label of the model's output at <paramref name="index"/>.</summary>
        protected abstract TLabel LabelAt(int index);

        /// <summary>The index of a label among the model's outputs.</summary>
        protected abstract int IndexOf(TLabel label);

        internal TLabel LabelOf(int index) => LabelAt(index);

        internal int IndexOfLabel(TLabel label) => IndexOf(label);

        internal Prediction<TLabel> Read(byte[] result, int frame, ScoreList<TLabel> scores)
        {
            scores.Fill(result);
            return new Prediction<TLabel>(scores, frame);
        }

        internal override void TakePolled(byte[] result, int frame)
        {
            _newest = Read(result, frame, _polled);
            _isUnread = true;
        }

        private PredictOperation<TLabel> Start(in ImageSource source)
        {
            var operation = new PredictOperation<TLabel>(this, source);
            Enqueue(operation);
            return operation;
        }
    }
}
