using System;
using System.Runtime.InteropServices;
using UnityEngine;

namespace TfjsBridge
{
    /// <summary>Hands pictures of every kind to the bridge.</summary>
    internal sealed class FrameSubmitter : IDisposable
    {
        private readonly ModelInfo _info;
        private readonly PixelReader _reader = new PixelReader();
        private bool _hasNoContext;
        private bool _isReadingBack;
        private SourceFlags _readFlags;
        private int _readFrame;

        public FrameSubmitter(ModelInfo info) => _info = info;

        public SubmitCode Submit(int handle, in ImageSource source, SourceFlags extra, int frame)
        {
            var flags = source.Flags | extra;
            switch (source.Kind)
            {
                case SourceKind.Camera:
                    return (SubmitCode)Native.SubmitCamera(handle, (int)flags, frame);
                case SourceKind.Pixels:
                    return source.HoldsAllPixels
                        ? SubmitPixels(handle, source.Pixels, source.Width, source.Height, flags, frame)
                        : SubmitCode.BadTexture;
                default:
                    return SubmitTexture(handle, source.Texture, flags, frame);
            }
        }

        /// <summary>
        /// Goes on with a read-back; true when that ends the matter of <paramref name="frame"/>, as
        /// <paramref name="code"/> says.
        /// </summary>
        public bool TryFinishReadback(int handle, out int frame, out SubmitCode code)
        {
            frame = _readFrame;
            code = SubmitCode.NotReady;
            if (!_isReadingBack || _reader.IsReading) return false;
            code = _reader.HasFailed ? SubmitCode.BadTexture : SubmitRead(handle);
            _isReadingBack = code == SubmitCode.NotReady || code == SubmitCode.QueueFull;
            return !_isReadingBack;
        }

        public void Dispose() => _reader.Dispose();

        private SubmitCode SubmitTexture(int handle, Texture texture, SourceFlags flags, int frame)
        {
            var check = TextureFacts.Check(texture);
            if (check != SubmitCode.Accepted) return check;
            flags = TextureFacts.Complete(flags, texture);
            if (!_hasNoContext)
            {
                var code = TextureFacts.IsMultisampled(texture)
                    ? SubmitResolved(handle, (RenderTexture)texture, flags, frame)
                    : SubmitNative(handle, texture, flags, frame);
                if (code != SubmitCode.NoGLContext) return code;
                _hasNoContext = true;
            }
            return ReadBack(handle, texture, flags & ~(SourceFlags.Linear | Native.Webcam), frame);
        }

        // The native texture of a multisampled target holds unmerged samples; a blit merges them.
        private static SubmitCode SubmitResolved(int handle, RenderTexture source, SourceFlags flags, int frame)
        {
            var descriptor = source.descriptor;
            descriptor.msaaSamples = 1;
            descriptor.bindMS = false;
            descriptor.depthBufferBits = 0;
            descriptor.useMipMap = false;
            descriptor.autoGenerateMips = false;
            var active = RenderTexture.active;
            var plain = RenderTexture.GetTemporary(descriptor);
            Graphics.Blit(source, plain);
            RenderTexture.active = active;
            var code = SubmitNative(handle, plain, flags, frame);
            RenderTexture.ReleaseTemporary(plain);
            return code;
        }

        // The id is asked anew every time: it may change whenever the texture's pixels do.
        private static SubmitCode SubmitNative(int handle, Texture texture, SourceFlags flags, int frame)
        {
            var id = unchecked((int)texture.GetNativeTexturePtr().ToInt64());
            return (SubmitCode)Native.SubmitTexture(handle, id, texture.width, texture.height, (int)flags, frame);
        }

        private SubmitCode ReadBack(int handle, Texture texture, SourceFlags flags, int frame)
        {
            if (_isReadingBack) return SubmitCode.NotReady;
            _reader.Begin(texture, _info.Width, _info.Height);
            _readFlags = flags;
            _readFrame = frame;
            if (!_reader.IsReading) return _reader.HasFailed ? SubmitCode.BadTexture : SubmitRead(handle);
            _isReadingBack = true;
            return SubmitCode.Queued;
        }

        private SubmitCode SubmitRead(int handle) =>
            SubmitPixels(handle, _reader.Pixels, _reader.Width, _reader.Height, _readFlags, _readFrame);

        private static SubmitCode SubmitPixels(
            int handle, Array pixels, int width, int height, SourceFlags flags, int frame)
        {
            var pinned = GCHandle.Alloc(pixels, GCHandleType.Pinned);
            var code = Native.SubmitPixels(handle, pinned.AddrOfPinnedObject(), width, height, (int)flags, frame);
            pinned.Free();
            return (SubmitCode)code;
        }
    }
}
