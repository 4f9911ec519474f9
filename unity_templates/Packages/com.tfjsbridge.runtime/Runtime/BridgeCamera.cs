using UnityEngine;
using UnityEngine.Experimental.Rendering;
using UnityEngine.Rendering;

namespace TfjsBridge
{
    /// <summary>
    /// The browser's camera as one model sees it. The page has one for all models, and none of its own while the game plays a
    /// WebCamTexture: then that one is looked at. Nothing here throws or allocates, <see cref="TryUpdate"/> excepted.
    /// </summary>
    public sealed class BridgeCamera
    {
        private readonly Model _model;
        private readonly MessageReader _message = new MessageReader(true);
        private CameraOptions _options;
        private bool _isWanted;
        private bool _isUsed;

        internal BridgeCamera(Model model) => _model = model;

        /// <summary>Where the camera is; from PermissionDenied on, <see cref="Error"/> says what is wrong.</summary>
        public CameraState State => IsPending ? CameraState.Asking : (CameraState)Native.CameraState(_model.HandleId);

        /// <summary>What is wrong, or None.</summary>
        public ErrorCode ErrorCode => (ErrorCode)Native.CameraErrorCode(_model.HandleId);

        /// <summary>What happened, why, and what to do next; empty when nothing did.</summary>
        public string Error => _message.Read(_model.HandleId);

        /// <summary>Width of its upright pictures in pixels; 0 while there is none.</summary>
        public int Width => Native.CameraWidth(_model.HandleId);

        /// <summary>Height of its upright pictures in pixels; 0 while there is none.</summary>
        public int Height => Native.CameraHeight(_model.HandleId);

        /// <summary>What became of the newest TryUpdate or TryCopyTo.</summary>
        public SubmitCode LastCopy { get; private set; } = SubmitCode.NotReady;

        /// <summary>
        /// Asks for the camera, or changes how it is looked at; asks the player again where that failed before. Loads the
        /// model when nobody did, and waits for nothing: watch <see cref="State"/>. TrySubmitCamera and PredictCamera
        /// open it by themselves.
        /// </summary>
        public void Open(CameraOptions options = default(CameraOptions))
        {
            _model.Load();
            _options = options;
            _isWanted = _isUsed = true;
            TryOpen();
        }

        /// <summary>Lets go of it; it is switched off when no model uses it. The next Open or TrySubmitCamera opens it anew.</summary>
        public void Close()
        {
            _isWanted = _isUsed = false;
            Native.CameraClose(_model.HandleId);
        }

        /// <summary>
        /// Brings the newest picture into <paramref name="texture"/>, upright in Unity, and makes it, or makes it anew, in the
        /// camera's size. True when it was updated. The texture is the caller's to destroy.
        /// </summary>
        public bool TryUpdate(ref Texture2D texture)
        {
            var width = Width;
            var height = Height;
            if (width == 0 || height == 0) return TryCopyTo(null);
            if (texture == null || texture.width != width || texture.height != height)
            {
                if (texture != null) Object.Destroy(texture);
                texture = new Texture2D(width, height, TextureFormat.RGBA32, false);
                texture.Apply(false, true); // now it exists on the GPU, and nowhere else
            }
            return TryCopyTo(texture);
        }

        /// <summary>
        /// Stretches the newest picture into a texture or render target of any size, 8 bits a channel and not multisampled. True
        /// when it was copied; <see cref="LastCopy"/> says why not.
        /// </summary>
        public bool TryCopyTo(Texture texture)
        {
            LastCopy =
                State != CameraState.Open ? (IsWaiting ? SubmitCode.NotReady : SubmitCode.Failed)
                : IsTarget(texture) ? Copy(texture)
                : SubmitCode.BadTexture;
            return LastCopy == SubmitCode.Accepted;
        }

        /// <summary>Goes on with what Open began, and tells once what is wrong.</summary>
        internal void Tick()
        {
            if (!_isUsed) return;
            if (IsPending) TryOpen();
            var code = ErrorCode;
            if (code != ErrorCode.None && code != ErrorCode.CameraStopped) _model.Report(code, Error);
        }

        // The runtime's script may still be on its way.
        private bool IsPending =>
            _isWanted && (_model.State == ModelState.Loading || _model.State == ModelState.Ready);

        private bool IsWaiting => State == CameraState.Asking || State == CameraState.Stopped;

        private static bool IsTarget(Texture texture)
        {
            if (TextureFacts.Check(texture) != SubmitCode.Accepted || TextureFacts.IsMultisampled(texture)) return false;
            var format = texture.graphicsFormat;
            return format == GraphicsFormat.R8G8B8A8_SRGB || format == GraphicsFormat.R8G8B8A8_UNorm;
        }

        private SubmitCode Copy(Texture texture)
        {
            var id = unchecked((int)texture.GetNativeTexturePtr().ToInt64());
            return (SubmitCode)Native.CameraTexture(_model.HandleId, id, texture.width, texture.height);
        }

        private void TryOpen()
        {
            var flags = _options.Mirror ? SourceFlags.Mirror : SourceFlags.None;
            var state = Native.CameraOpen(
                _model.HandleId,
                (int)_options.Facing,
                _options.Width,
                _options.Height,
                (int)_options.Rotation,
                (int)flags);
            _isWanted = state == (int)SubmitCode.NotReady;
            if (state == (int)SubmitCode.Unsupported)
                Debug.LogError("[TfjsBridge] " + _model.Info.Slug + ": there are no such CameraOptions: " + _options);
        }
    }
}
