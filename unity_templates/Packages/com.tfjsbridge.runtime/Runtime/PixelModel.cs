using UnityEngine;

namespace TfjsBridge
{
    /// <summary>A model whose results are pixels: see <see cref="Segmenter{TLabel}"/> and <see cref="ImageModel"/>.</summary>
    public abstract class PixelModel : PictureModel<PixelResult>
    {
        private const int Numbers = 3; // width, height, channels

        internal PixelModel(ModelInfo info, PreferredBackend backend, int task) : base(info, backend, task, Numbers)
        {
        }

        /// <summary>
        /// Draws the newest result of what TrySubmit handed over, each one once, into a texture of your own; it is made where
        /// it is null or does not fit. False when there is none. Never throws, allocates nothing but a new texture.
        /// </summary>
        public bool TryGetResult(ref Texture2D into) => TryGetResult(out var result) && result.CopyTo(ref into);

        /// <summary>The same as bytes, the bottom row first; the array is made where it is null or of another length.</summary>
        public bool TryGetResult(ref byte[] into) => TryGetResult(out var result) && result.CopyTo(ref into);

        internal override PixelResult ReadAwaited(byte[] result, int frame)
        {
            var bytes = new byte[new PixelResult(result, frame, this, null).Length];
            return new PixelResult(result, frame, CopyPixels(frame, bytes) == bytes.Length ? this : null, bytes);
        }

        internal override PixelResult ReadPolled(byte[] result, int frame) => new PixelResult(result, frame, this, null);
    }
}
