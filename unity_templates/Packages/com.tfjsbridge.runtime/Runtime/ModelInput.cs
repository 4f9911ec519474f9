using UnityEngine;

namespace TfjsBridge
{
    // What the model sees.
    public abstract partial class Model
    {
        private byte[] _input;

        /// <summary>
        /// The newest picture as the model saw it, for looking at: cut, turned and made as small as the model wants it, four bytes a
        /// pixel (RGBA), the bottom row first. False where the array is shorter than <c>4 * Info.Width * Info.Height</c>,
        /// and until a picture has come after the first time that this was asked: before that nothing is kept.
        /// </summary>
        public bool TryGetInput(byte[] pixels)
        {
            var length = 4 * Info.Width * Info.Height;
            return pixels != null && Native.CopyInput(HandleId, pixels, pixels.Length) == length;
        }

        /// <summary>
        /// The same in a texture of your own, which is made where it is null or of another size: a picture-in-picture for
        /// finding out why a model errs. Not for every frame of a published game, since it goes through memory.
        /// </summary>
        public bool TryGetInput(ref Texture2D texture)
        {
            if (_input == null) _input = new byte[4 * Info.Width * Info.Height];
            if (!TryGetInput(_input)) return false;
            if (texture == null || texture.width != Info.Width || texture.height != Info.Height)
            {
                if (texture != null) Object.Destroy(texture);
                texture = new Texture2D(Info.Width, Info.Height, TextureFormat.RGBA32, false);
            }
            return PixelTexture.Fill(texture, _input);
        }
    }
}
