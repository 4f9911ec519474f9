using UnityEngine;

namespace TfjsBridge
{
    /// <summary>Textures that pixels are drawn into.</summary>
    internal static class PixelTexture
    {
        public static bool Fits(Texture2D texture, in PixelResult pixels) =>
            texture != null && texture.width == pixels.Width && texture.height == pixels.Height &&
            texture.format == FormatOf(pixels) && texture.mipmapCount == 1;

        /// <summary>By way of Unity, for pixels that the browser does not keep any more.</summary>
        public static bool Fill(Texture2D texture, byte[] bytes)
        {
            texture.LoadRawTextureData(bytes);
            texture.Apply(false);
            return true;
        }

        public static void Replace(ref Texture2D texture, in PixelResult pixels)
        {
            if (texture != null) Object.Destroy(texture);
            // Masks are numbers; pictures are colours, which linear projects decode.
            var isMask = pixels.Channels == 1;
            texture = new Texture2D(pixels.Width, pixels.Height, FormatOf(pixels), false, isMask)
            {
                name = "TfjsBridge result",
                wrapMode = TextureWrapMode.Clamp,
            };
            texture.Apply(false); // creates it on the GPU, where the browser draws
        }

        private static TextureFormat FormatOf(in PixelResult pixels) =>
            pixels.Channels == 1 ? TextureFormat.R8 : TextureFormat.RGBA32;
    }
}
