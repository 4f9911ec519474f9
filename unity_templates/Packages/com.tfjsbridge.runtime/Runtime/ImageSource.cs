using System;
using UnityEngine;

namespace TfjsBridge
{
    internal enum SourceKind
    {
        Texture,
        Pixels,
        Camera,
    }

    /// <summary>A picture to predict on: a texture, pixels in an array, or the browser's camera.</summary>
    internal readonly struct ImageSource
    {
        public readonly SourceKind Kind;
        public readonly SourceFlags Flags;
        public readonly Texture Texture;
        public readonly Array Pixels;
        public readonly int Width;
        public readonly int Height;

        private ImageSource(SourceKind kind, SourceFlags flags, Texture texture, Array pixels, int width, int height)
        {
            Kind = kind;
            Flags = flags;
            Texture = texture;
            Pixels = pixels;
            Width = width;
            Height = height;
        }

        public static ImageSource Of(Texture texture, SourceFlags flags) =>
            new ImageSource(SourceKind.Texture, flags, texture, null, 0, 0);

        public static ImageSource Of(Color32[] pixels, int width, int height, SourceFlags flags) =>
            new ImageSource(SourceKind.Pixels, flags & ~SourceFlags.Rgb24, null, pixels, width, height);

        public static ImageSource Of(byte[] pixels, int width, int height, SourceFlags flags) =>
            new ImageSource(SourceKind.Pixels, flags, null, pixels, width, height);

        public static ImageSource OfCamera(SourceFlags flags) =>
            new ImageSource(SourceKind.Camera, flags, null, null, 0, 0);

        /// <summary>True when the array really holds Width * Height pixels.</summary>
        public bool HoldsAllPixels
        {
            get
            {
                if (Pixels == null || Width <= 0 || Height <= 0) return false;
                var bytesPerPixel = Pixels is Color32[] ? 1 : (Flags & SourceFlags.Rgb24) != 0 ? 3 : 4;
                return Pixels.Length >= (long)Width * Height * bytesPerPixel;
            }
        }

        /// <summary>What the picture is, for error messages.</summary>
        public override string ToString()
        {
            if (Kind == SourceKind.Camera) return "the camera";
            if (Kind == SourceKind.Texture)
                return Texture == null
                    ? "no texture, or a destroyed one,"
                    : Texture.GetType().Name + " " + Texture.width + "x" + Texture.height;
            return Pixels == null ? "no array" : "an array of " + Pixels.Length + " for " + Width + "x" + Height + " pixels";
        }
    }
}
