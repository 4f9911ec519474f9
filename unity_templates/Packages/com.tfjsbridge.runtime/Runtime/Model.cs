using System;
using UnityEngine;

namespace TfjsBridge
{
    /// <summary>
    /// A model that runs in the player's browser. Use it on the main thread only, load it once and dispose it when it
    /// is no longer needed. Nothing here throws; only awaiting an operation does.
    /// </summary>
    public abstract class Model : IDisposable
    {
        private readonly PreferredBackend _backend;
        private readonly PredictQueue _queue = new PredictQueue();
        private readonly FrameSubmitter _submitter;
        private ModelHandle _handle;
        private LoadOperation _load;
        private byte[] _result;
        private int _frame;
        private bool _hasReported;
        private bool _isDisposed;

        internal Model(ModelInfo info, PreferredBackend backend)
        {
            Info = info;
            _backend = backend;
            _submitter = new FrameSubmitter(info);
            _result = new byte[Native.ResultHeaderBytes + info.TopK * 2 * sizeof(float)];
        }

        /// <summary>The model's size and names.</summary>
        public ModelInfo Info { get; }

        /// <summary>
        /// Where contract.json lies; by default in the game's own StreamingAssets. Set it before Load for a model that
        /// is hosted elsewhere.
        /// </summary>
        public string ContractUrl { get; set; }

        /// <summary>Where the model is in its life.</summary>
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
        /// Starts loading; every call gives the same operation. Await it, yield it, or watch <see cref="State"/> and
        /// <see cref="Progress"/>. Predict and TrySubmit load by themselves when nobody did.
        /// </summary>
        public LoadOperation Load()
        {
            if (_load != null) return _load;
            _load = new LoadOperation();
            if (_isDisposed)
            {
                _load.Cancel();
                return _load;
            }
            _handle = new ModelHandle(Info, ContractUrl ?? DefaultUrl, _backend);
            if (_handle.IsOpen)
                Pump.Add(this);
            else
                _load.Fail(_handle.ErrorCode, _handle.Error);
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
            _load?.Cancel();
            _queue.CancelAll();
            _submitter.Dispose();
            _handle?.Dispose();
        }

        private string DefaultUrl => Application.streamingAssetsPath + "/tfjs-bridge/" + Info.Slug + "/contract.json";

        private bool IsReady => State == ModelState.Ready;

        internal abstract void TakePolled(byte[] result, int frame);

        internal void Enqueue(PredictOperation operation)
        {
            Load();
            if (_isDisposed)
            {
                operation.Cancel();
                return;
            }
            _queue.Add(operation);
            Tick();
        }

        internal SubmitCode SubmitQueued(PredictOperation operation)
        {
            if (operation.Frame == 0) operation.Frame = NextFrame();
            return _submitter.Submit(_handle.Id, operation.Source, Native.Queue, operation.Frame);
        }

        internal void Refuse(PredictOperation operation, SubmitCode code)
        {
            if (code == SubmitCode.Failed)
                operation.Fail(ErrorCode, Error);
            else
                operation.Fail(ErrorCode.BadSource, ErrorText.BadSource(operation.Source + " gives " + code));
        }

        /// <summary>One look at the model: takes its results, submits what waits, ends what cannot go on.</summary>
        internal void Tick()
        {
            if (_isDisposed) return;
            FinishReadback();
            TakeResults();
            var state = State;
            if (state == ModelState.Failed) FailAll();
            if (state != ModelState.Ready) return;
            _load.Finish();
            _queue.Submit(this);
        }

        internal void TakeResults()
        {
            if (_isDisposed || _handle == null || !_handle.IsOpen) return;
            while (true)
            {
                var length = Native.Poll(_handle.Id, _result, _result.Length);
                if (length == 0) return;
                if (length < -1)
                    _result = new byte[-length];
                else
                    Deliver(length > 0);
            }
        }

        private void Deliver(bool succeeded)
        {
            var frame = ResultHeader.Frame(_result);
            var operation = _queue.Take(frame);
            succeeded = succeeded && ResultHeader.IsClassification(_result);
            if (operation == null && succeeded) TakePolled(_result, frame);
            if (operation == null) return;
            if (succeeded)
                operation.Take(_result, frame);
            else
                operation.Fail(ErrorCode, Error);
        }

        private bool TrySubmit(in ImageSource source)
        {
            if (_handle == null) Load();
            else if (_handle.IsOpen) Pump.KeepRunning();
            var state = State;
            LastSubmit =
                state == ModelState.Ready ? _submitter.Submit(_handle.Id, source, SourceFlags.None, NextFrame())
                : state == ModelState.Loading ? SubmitCode.NotReady
                : SubmitCode.Failed;
            return LastSubmit >= 0;
        }

        private void FinishReadback()
        {
            if (_handle == null || !_handle.IsOpen) return;
            if (!_submitter.TryFinishReadback(_handle.Id, out var frame, out var code) || code >= 0) return;
            var operation = _queue.Take(frame);
            if (operation == null)
                LastSubmit = code;
            else if (code == SubmitCode.Failed)
                operation.Fail(ErrorCode, Error);
            else
                operation.Fail(ErrorCode.BadSource, ErrorText.BadSource("its pixels could not be read back"));
        }

        private void FailAll()
        {
            if (!_hasReported && !_load.IsAwaited && _queue.IsEmpty)
                Debug.LogError("[TfjsBridge] " + Info.Slug + ": " + Error);
            _hasReported = true;
            _load.Fail(ErrorCode, Error);
            _queue.FailAll(ErrorCode, Error);
            Pump.Remove(this);
        }

        // Positive; 0 means that a prediction has no number yet.
        private int NextFrame() => _frame = _frame == int.MaxValue ? 1 : _frame + 1;
    }
}
