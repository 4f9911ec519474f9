using System;
using UnityEngine;

namespace TfjsBridge
{
    /// <summary>
    /// A model that runs in the player's browser. Use it on the main thread only, load it once and dispose it when it
    /// is no longer needed. Nothing here throws; only awaiting an operation does.
    /// </summary>
    public abstract partial class Model : IDisposable
    {
        private readonly PreferredBackend _backend;
        private readonly int _task;
        private readonly PredictQueue _queue = new PredictQueue();
        private readonly FrameSubmitter _submitter;
        private ModelHandle _handle;
        private LoadOperation _load;
        private byte[] _result;
        private int _frame;
        private bool _isDisposed;

        /// <param name="task">The task's number in a result.</param>
        /// <param name="resultCount">How many floats results usually hold; larger ones make room for themselves.</param>
        internal Model(ModelInfo info, PreferredBackend backend, int task, int resultCount)
        {
            Info = info;
            _backend = backend;
            _task = task;
            _submitter = new FrameSubmitter(info);
            Camera = new BridgeCamera(this);
            _result = new byte[Native.ResultHeaderBytes + resultCount * sizeof(float)];
        }

        /// <summary>The model's size and names.</summary>
        public ModelInfo Info { get; }

        /// <summary>The browser's camera: which one, how it is looked at, and what is wrong with it.</summary>
        public BridgeCamera Camera { get; }

        /// <summary>
        /// Where contract.json lies; by default in the game's own StreamingAssets. Set it before Load for a model that
        /// is hosted elsewhere.
        /// </summary>
        public string ContractUrl { get; set; }

        /// <summary>
        /// Keep the model's files in the browser's storage, so that the next visit downloads none of them; true by
        /// default. Set it before Load.
        /// </summary>
        public bool KeepsFiles { get; set; } = true;

        /// <summary>
        /// Where the model is in its life. It goes from Ready back to Loading, and to Ready again by itself, when the browser
        /// takes the GPU away for a moment: predictions under way fail, later ones wait, and TrySubmit returns false meanwhile.
        /// </summary>
        public ModelState State =>
            _isDisposed ? ModelState.Disposed : _handle == null ? ModelState.NotLoaded : _handle.State;

        /// <summary>How far loading is, from 0 to 1; 1 only when the model is ready.</summary>
        public float Progress => _handle == null ? 0 : _handle.Progress;

        /// <summary>The newest error, or None.</summary>
        public ErrorCode ErrorCode => _handle == null ? ErrorCode.None : _handle.ErrorCode;

        /// <summary>What happened, why, and what to do next; empty when nothing did.</summary>
        public string Error => _handle == null ? "" : _handle.Error;

        /// <summary>Counters and times; all zero while there is no model.</summary>
        public ModelStats Stats => _handle == null ? default(ModelStats) : _handle.Stats;

        /// <summary>What became of the newest TrySubmit.</summary>
        public SubmitCode LastSubmit { get; private set; } = SubmitCode.NotReady;

        /// <summary>
        /// Starts loading; every call gives the same operation, that of the first time. Await it, yield it, or watch <see cref="State"/> and
        /// <see cref="Progress"/>. Predict and TrySubmit load by themselves when nobody did.
        /// </summary>
        public LoadOperation Load()
        {
            if (_load == null) Open();
            else if (_handle != null && _handle.IsOpen) Pump.KeepRunning();
            return _load;
        }

        /// <summary>
        /// Hands over a texture's picture of this moment, without waiting: a Texture2D, RenderTexture or WebCamTexture.
        /// A newer frame replaces one that still waits. True when it was taken; <see cref="LastSubmit"/> says why not.
        /// </summary>
        /// <remarks>
        /// In Update a camera's RenderTexture still holds the previous frame: submit at the end of the frame
        /// (<c>WaitForEndOfFrame</c>) to predict on what is on the screen.
        /// </remarks>
        public bool TrySubmit(Texture source, SourceFlags flags = SourceFlags.None) =>
            TrySubmit(ImageSource.Of(source, flags));

        /// <summary>The same for pixels as GetPixels32 gives them, bottom row first; they are copied at once.</summary>
        public bool TrySubmit(Color32[] pixels, int width, int height, SourceFlags flags = SourceFlags.None) =>
            TrySubmit(ImageSource.Of(pixels, width, height, flags));

        /// <summary>The same for bytes: four a pixel (RGBA32), or three with <c>SourceFlags.Rgb24</c>.</summary>
        public bool TrySubmit(byte[] pixels, int width, int height, SourceFlags flags = SourceFlags.None) =>
            TrySubmit(ImageSource.Of(pixels, width, height, flags));

        /// <summary>
        /// The same for the webcam's newest frame, straight from the browser and never through Unity. The first call
        /// asks the player for the camera.
        /// </summary>
        public bool TrySubmitCamera(SourceFlags flags = SourceFlags.None) => TrySubmit(ImageSource.OfCamera(flags));

        /// <summary>Frees everything; what is still awaited ends as cancelled.</summary>
        public void Dispose()
        {
            if (_isDisposed) return;
            _isDisposed = true;
            Pump.Remove(this);
            _load?.EndAsCancelled();
            _queue.CancelAll();
            _submitter.Dispose();
            _handle?.Dispose();
        }
    }
}
