using UnityEngine;

namespace TfjsBridge
{
    /// <summary>
    /// A model that finds a <typeparamref name="TResult"/> in a picture, awaited or polled; what that is, the task's own
    /// class says, for example <see cref="Classifier{TLabel}"/>.
    /// </summary>
    public abstract class PictureModel<TResult> : Model where TResult : struct
    {
        private TResult _newest;
        private bool _isUnread;

        internal PictureModel(ModelInfo info, PreferredBackend backend, int task, int resultCount)
            : base(info, backend, task, resultCount)
        {
        }

        /// <summary>
        /// Predicts on a Texture2D, RenderTexture or WebCamTexture; loads the model and waits for it, and for the
        /// webcam's first frame. Never dropped: predictions wait for each other.
        /// </summary>
        /// <remarks>
        /// Awaiting throws a <see cref="BridgeException"/>, or an OperationCanceledException when the model is disposed.
        /// In Update a camera's RenderTexture still holds the previous frame.
        /// </remarks>
        public PredictOperation<TResult> Predict(Texture source, SourceFlags flags = SourceFlags.None) =>
            Start(ImageSource.Of(source, flags));

        /// <summary>
        /// The same for pixels as GetPixels32 gives them, bottom row first. Until the model is ready, and while its
        /// queue is full, the array is kept: do not change it before the operation is done.
        /// </summary>
        public PredictOperation<TResult> Predict(
            Color32[] pixels, int width, int height, SourceFlags flags = SourceFlags.None) =>
            Start(ImageSource.Of(pixels, width, height, flags));

        /// <summary>The same for bytes: four a pixel (RGBA32), or three with <c>SourceFlags.Rgb24</c>.</summary>
        public PredictOperation<TResult> Predict(
            byte[] pixels, int width, int height, SourceFlags flags = SourceFlags.None) =>
            Start(ImageSource.Of(pixels, width, height, flags));

        /// <summary>The same for the webcam's newest frame, straight from the browser and never through Unity.</summary>
        public PredictOperation<TResult> PredictCamera(SourceFlags flags = SourceFlags.None) =>
            Start(ImageSource.OfCamera(flags));

        /// <summary>
        /// The newest result of what TrySubmit handed over, each one once. Never throws, allocates nothing: see
        /// <typeparamref name="TResult"/> for how long what it lists holds.
        /// </summary>
        public bool TryGetResult(out TResult result)
        {
            TakeResults();
            var isNew = _isUnread && State != ModelState.Disposed;
            result = isNew ? _newest : default(TResult);
            _isUnread = false;
            return isNew;
        }

        /// <summary>The result in memory of its own. <paramref name="result"/> begins with the header.</summary>
        internal abstract TResult ReadAwaited(byte[] result, int frame);

        /// <summary>The result in the model's memory, which the next one overwrites; allocates nothing.</summary>
        internal abstract TResult ReadPolled(byte[] result, int frame);

        internal override void TakePolled(byte[] result, int frame)
        {
            _newest = ReadPolled(result, frame);
            _isUnread = true;
        }

        private PredictOperation<TResult> Start(in ImageSource source)
        {
            var operation = new PredictOperation<TResult>(this, source);
            Enqueue(operation);
            return operation;
        }
    }
}
