using System;
using UnityEngine;
using UnityEngine.Rendering;
using Object = UnityEngine.Object;

namespace TfjsBridge
{
    /// <summary>
    /// Reads a texture's pixels back, for players whose graphics context the browser side cannot use (WebGPU, WebGL 1).
    /// One texture at a time; the rows come as Unity has them, bottom row first, as sRGB bytes.
    /// </summary>
    internal sealed class PixelReader : IDisposable
    {
        private readonly Action<AsyncGPUReadbackRequest> _onRead;
        private RenderTexture _target;
        private Texture2D _staging;
        private bool _isDisposed;

        public PixelReader() => _onRead = OnRead;

        public byte[] Pixels { get; private set; } = new byte[0];

        public int Width { get; private set; }

        public int Height { get; private set; }

        /// <summary>True from Begin until the pixels lie in Pixels, or HasFailed is known.</summary>
        public bool IsReading => _target != null;

        public bool HasFailed { get; private set; }

        /// <summary>
        /// Starts to read; at once done where there is no asynchronous way. The picture is halved while it is at least
        /// twice <paramref name="minWidth"/> x <paramref name="minHeight"/>, so its shape is kept.
        /// </summary>
        public void Begin(Texture source, int minWidth, int minHeight)
        {
            _target = Shrink(source, minWidth, minHeight);
            Width = _target.width;
            Height = _target.height;
            if (Pixels.Length != 4 * Width * Height) Pixels = new byte[4 * Width * Height];
            HasFailed = false;
            if (SystemInfo.supportsAsyncGPUReadback)
                AsyncGPUReadback.Request(_target, 0, TextureFormat.RGBA32, _onRead);
            else
                ReadNow();
        }

        public void Dispose()
        {
            _isDisposed = true;
            if (_staging != null) Object.Destroy(_staging);
            _staging = null;
        }

        private static RenderTexture Shrink(Texture source, int minWidth, int minHeight)
        {
            var width = source.width;
            var height = source.height;
            var active = RenderTexture.active;
            RenderTexture previous = null;
            do
            {
                if (width / 2 >= minWidth && height / 2 >= minHeight)
                {
                    width /= 2;
                    height /= 2;
                }
                var target = RenderTexture.GetTemporary(
                    width, height, 0, RenderTextureFormat.ARGB32, RenderTextureReadWrite.sRGB);
                Graphics.Blit(previous != null ? previous : source, target);
                if (previous != null) RenderTexture.ReleaseTemporary(previous);
                previous = target;
            } while (width / 2 >= minWidth && height / 2 >= minHeight);
            RenderTexture.active = active;
            return previous;
        }

        private void ReadNow()
        {
            if (_staging == null || _staging.width != Width || _staging.height != Height)
            {
                if (_staging != null) Object.Destroy(_staging);
                _staging = new Texture2D(Width, Height, TextureFormat.RGBA32, false);
            }
            var active = RenderTexture.active;
            RenderTexture.active = _target;
            _staging.ReadPixels(new Rect(0, 0, Width, Height), 0, 0, false);
            RenderTexture.active = active;
            _staging.GetRawTextureData<byte>().CopyTo(Pixels);
            Release();
        }

        private void OnRead(AsyncGPUReadbackRequest request)
        {
            Release();
            if (_isDisposed) return;
            HasFailed = request.hasError;
            if (!HasFailed) request.GetData<byte>().CopyTo(Pixels);
        }

        private void Release()
        {
            RenderTexture.ReleaseTemporary(_target);
            _target = null;
        }
    }
}
