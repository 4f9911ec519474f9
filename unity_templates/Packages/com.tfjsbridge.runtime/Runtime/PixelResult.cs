using System;
using UnityEngine;

namespace TfjsBridge
{
    /// <summary>
    /// A mask, a label map or a picture that a model has made, over the picture that was handed over.
    /// <code>if (model.TryGetResult(out var result) &amp;&amp; result.CopyTo(ref _texture)) _image.texture = _texture;</code>
    /// </summary>
    /// <remarks>
    /// One from <c>Predict</c> is yours for good. One from <c>TryGetResult</c> can be copied until the next newer result, so
    /// that polling allocates nothing; later every CopyTo returns false. Nothing here throws.
    /// </remarks>
    public readonly struct PixelResult
    {
        private readonly Model _model;
        private readonly byte[] _bytes;

        internal PixelResult(byte[] result, int frame, Model model, byte[] bytes)
        {
            Width = (int)BitConverter.ToSingle(result, Native.ResultHeaderBytes);
            Height = (int)BitConverter.ToSingle(result, Native.ResultHeaderBytes + sizeof(float));
            Channels = (int)BitConverter.ToSingle(result, Native.ResultHeaderBytes + 2 * sizeof(float));
            Frame = frame;
            _model = model;
            _bytes = bytes;
        }

        /// <summary>In pixels.</summary>
        public int Width { get; }

        /// <summary>In pixels.</summary>
        public int Height { get; }

        /// <summary>Bytes of a pixel: 1 for masks and label maps, 4 (RGBA) for pictures.</summary>
        public int Channels { get; }

        /// <summary>The number of the submitted frame that this is about; later frames have larger numbers.</summary>
        public int Frame { get; }

        /// <summary>How long an array for all pixels has to be.</summary>
        public int Length => Width * Height * Channels;

        /// <summary>
        /// Copies all pixels, the bottom row first as Unity has it. False when the array is too short, or a newer result has
        /// replaced this one.
        /// </summary>
        public bool CopyTo(byte[] pixels)
        {
            if (_model == null || pixels == null || pixels.Length < Length) return false;
            if (_bytes == null) return _model.CopyPixels(Frame, pixels) == Length;
            Buffer.BlockCopy(_bytes, 0, pixels, 0, Length);
            return true;
        }

        /// <summary>
        /// The same into an array of your own, which is made where it is null or of another length.
        /// </summary>
        public bool CopyTo(ref byte[] pixels)
        {
            if (_model == null) return false;
            if (pixels == null || pixels.Length != Length) pixels = new byte[Length];
            return CopyTo(pixels);
        }

        /// <summary>
        /// Draws all pixels into a texture of this size: R8 for masks and label maps, RGBA32 for pictures, without mipmaps. The
        /// browser writes it on the GPU; GetPixels does not see it. False when the texture does not fit, or a newer result
        /// has replaced this one.
        /// </summary>
        public bool CopyTo(Texture2D texture)
        {
            if (_model == null || !PixelTexture.Fits(texture, this)) return false;
            return _bytes == null ? _model.PixelsToTexture(Frame, texture) : PixelTexture.Fill(texture, _bytes);
        }

        /// <summary>
        /// The same into a texture of your own, which is made where it is null, and made anew where it does not fit: the old
        /// one is destroyed then.
        /// </summary>
        public bool CopyTo(ref Texture2D texture)
        {
            if (_model == null || Length == 0) return false;
            if (!PixelTexture.Fits(texture, this)) PixelTexture.Replace(ref texture, this);
            return CopyTo(texture);
        }
    }
}
