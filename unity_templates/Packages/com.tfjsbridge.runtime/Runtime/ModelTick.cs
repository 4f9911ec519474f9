using UnityEngine;

namespace TfjsBridge
{
    // What happens between the game's calls; the pump calls Tick once a frame.
    public abstract partial class Model
    {
        private ErrorCode _reported;

        private string DefaultUrl => Application.streamingAssetsPath + "/tfjs-bridge/" + Info.Slug + "/contract.json";

        private string Options =>
            "{\"backend\":\"" + BackendName + "\",\"keep\":" + (KeepsFiles ? "true" : "false") + "}";

        private string BackendName
        {
            get
            {
                switch (_backend)
                {
                    case PreferredBackend.WebGL: return "webgl";
                    case PreferredBackend.Wasm: return "wasm";
                    default: return "auto";
                }
            }
        }

        private void Open()
        {
            _load = new LoadOperation();
            if (_isDisposed)
            {
                _load.EndAsCancelled();
                return;
            }
            _handle = new ModelHandle(Info, ContractUrl ?? DefaultUrl, Options);
            if (_handle.IsOpen)
            {
                Pump.Add(this);
                return;
            }
            _reported = _handle.ErrorCode; // by the handle itself
            _load.Fail(_handle.ErrorCode, _handle.Error);
        }

        /// <summary>What the bridge's functions take; 0, which they answer as an unknown handle, while there is no model.</summary>
        internal int HandleId => _handle != null && _handle.IsOpen ? _handle.Id : 0;

        internal abstract void TakePolled(byte[] result, int frame);

        internal void Enqueue(PredictOperation operation)
        {
            Load();
            if (_isDisposed)
            {
                operation.EndAsCancelled();
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
            Camera.Tick();
            FinishReadback();
            TakeResults();
            var state = State;
            if (state == ModelState.Failed) FailAll();
            if (state != ModelState.Ready) return;
            _load.Finish();
            _queue.Submit(this);
            if (IsWorthTelling(ErrorCode)) Report();
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
            succeeded = succeeded && ResultHeader.IsOf(_result, _task);
            if (operation == null && succeeded)
                TakePolled(_result, frame);
            else if (operation == null)
                Report();
            else if (succeeded)
                operation.Take(_result, frame);
            else
                operation.Fail(ErrorCode, Error);
        }

        private bool TrySubmit(in ImageSource source)
        {
            Load();
            var state = State;
            LastSubmit =
                state == ModelState.Ready ? _submitter.Submit(_handle.Id, source, SourceFlags.None, NextFrame())
                : state == ModelState.Loading ? SubmitCode.NotReady
                : SubmitCode.Failed;
            if (state == ModelState.Ready && LastSubmit == SubmitCode.Failed) Report(); // no camera, or no context any more
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
            if (!_load.IsAwaited && !_queue.IsAwaited) Report();
            _reported = ErrorCode;
            _load.Fail(ErrorCode, Error);
            _queue.FailAll(ErrorCode, Error);
            Pump.Remove(this);
        }

        // Also to a game that submits no textures, and to one that goes on with another backend.
        private static bool IsWorthTelling(ErrorCode code) =>
            code == ErrorCode.ContextLost || code == ErrorCode.BackendLeftOut;

        // Once for each error that nobody gets as an exception, since a game that polls may look at results only.
        private void Report() => Report(ErrorCode, Error);

        internal void Report(ErrorCode code, string text)
        {
            if (_reported == code) return;
            _reported = code;
            Debug.LogError("[TfjsBridge] " + Info.Slug + ": " + text);
        }

        /// <summary>The bytes of a result's pixels; 0 when the browser does not keep them any more.</summary>
        internal int CopyPixels(int frame, byte[] pixels) =>
            _handle != null && _handle.IsOpen ? Native.CopyPixels(_handle.Id, frame, pixels, pixels.Length) : 0;

        internal bool PixelsToTexture(int frame, Texture2D texture)
        {
            if (_handle == null || !_handle.IsOpen) return false;
            // Unity may have given it another id since the last time.
            var id = (int)texture.GetNativeTexturePtr();
            return Native.PixelsToTexture(_handle.Id, frame, id, texture.width, texture.height) == (int)SubmitCode.Accepted;
        }

        // Positive; 0 means that a prediction has no number yet.
        /// <summary>The number of the picture that was handed over last.</summary>
        internal int LastFrame => _frame;

        private int NextFrame() => _frame = _frame == int.MaxValue ? 1 : _frame + 1;
    }
}
