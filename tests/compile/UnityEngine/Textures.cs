using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Unity.Collections;
using UnityEngine.Experimental.Rendering;
using UnityEngine.Rendering;

namespace Unity.Collections
{
    public struct NativeArray<T> where T : struct
    {
        private readonly T[] _items;

        public NativeArray(T[] items) { _items = items; }

        public int Length => _items.Length;

        public void CopyTo(T[] array)
        {
            if (array.Length != _items.Length) throw new ArgumentException("array.Length does not match");
            Array.Copy(_items, array, array.Length);
        }
    }
}

namespace UnityEngine.Experimental.Rendering
{
    // Members with the values of Unity's enum, as far as they are needed.
    public enum GraphicsFormat
    {
        None = 0,
        R8G8B8A8_SRGB = 4,
        R8G8B8A8_UNorm = 8,
        R16G16B16A16_SFloat = 48,
        B10G11R11_UFloatPack32 = 74,
    }

    public static class GraphicsFormatUtility
    {
        public static bool IsSRGBFormat(GraphicsFormat format) => format == GraphicsFormat.R8G8B8A8_SRGB;
        public static bool IsIEEE754Format(GraphicsFormat format) => format == GraphicsFormat.R16G16B16A16_SFloat;
    }
}

namespace UnityEngine.Rendering
{
    public enum TextureDimension { Unknown = -1, None = 0, Any = 1, Tex2D = 2, Tex3D = 3, Cube = 4 }

    public struct AsyncGPUReadbackRequest
    {
        private readonly byte[] _bytes;

        internal AsyncGPUReadbackRequest(byte[] bytes) { _bytes = bytes; }

        public bool hasError => _bytes == null;

        public NativeArray<T> GetData<T>(int layer = 0) where T : struct => new NativeArray<T>((T[])(object)_bytes);
    }

    public static class AsyncGPUReadback
    {
        public static readonly List<Action> Pending = new List<Action>();
        public static bool Fails;

        public static AsyncGPUReadbackRequest Request(
            Texture src, int mipIndex, TextureFormat dstFormat, Action<AsyncGPUReadbackRequest> callback = null)
        {
            var bytes = Fails ? null : src.Content();
            Pending.Add(() => callback(new AsyncGPUReadbackRequest(bytes)));
            return default(AsyncGPUReadbackRequest);
        }
    }
}

namespace UnityEngine
{
    public enum ColorSpace { Uninitialized = -1, Gamma = 0, Linear = 1 }

    public enum TextureFormat { RGB24 = 3, RGBA32 = 4, R8 = 63 }

    public enum TextureWrapMode { Repeat = 0, Clamp = 1 }

    public enum RenderTextureFormat { ARGB32 = 0, ARGBHalf = 2 }

    public enum RenderTextureReadWrite { Default = 0, Linear = 1, sRGB = 2 }

    public static class QualitySettings
    {
        public static ColorSpace activeColorSpace { get; set; } = ColorSpace.Gamma;
    }

    public static class SystemInfo
    {
        public static bool supportsAsyncGPUReadback { get; set; } = true;
    }

    [StructLayout(LayoutKind.Explicit)]
    public struct Color32
    {
        [FieldOffset(0)] private int rgba;
        [FieldOffset(0)] public byte r;
        [FieldOffset(1)] public byte g;
        [FieldOffset(2)] public byte b;
        [FieldOffset(3)] public byte a;

        public Color32(byte r, byte g, byte b, byte a)
        {
            rgba = 0;
            this.r = r;
            this.g = g;
            this.b = b;
            this.a = a;
        }

        public override string ToString() => "RGBA(" + r + ", " + g + ", " + b + ", " + a + ") " + rgba;
    }

    public struct Rect
    {
        public Rect(float x, float y, float width, float height)
        {
            this.x = x;
            this.y = y;
            this.width = width;
            this.height = height;
        }

        public float x { get; }
        public float y { get; }
        public float width { get; }
        public float height { get; }

        public override string ToString() => "(x:" + x + ", y:" + y + ", width:" + width + ", height:" + height + ")";
    }

    public abstract class Texture : Object
    {
        private static int _lastId;

        protected Texture(int width, int height, GraphicsFormat format)
        {
            this.width = width;
            this.height = height;
            graphicsFormat = format;
            Id = ++_lastId;
        }

        /// <summary>Not Unity's: the GL id, which Unity may change at any time.</summary>
        public int Id;

        /// <summary>Not Unity's: every byte of the picture has this value.</summary>
        public byte Fill;

        public virtual int width { get; set; }
        public virtual int height { get; set; }
        public virtual TextureDimension dimension { get; set; } = TextureDimension.Tex2D;
        public GraphicsFormat graphicsFormat { get; }

        public IntPtr GetNativeTexturePtr() => new IntPtr(Id);

        internal byte[] Content()
        {
            var bytes = new byte[4 * width * height];
            for (var i = 0; i < bytes.Length; i++) bytes[i] = Fill;
            return bytes;
        }
    }

    public sealed class Texture2D : Texture
    {
        private byte[] _read;

        public Texture2D(int width, int height) : base(width, height, GraphicsFormat.R8G8B8A8_SRGB) { }

        public Texture2D(int width, int height, TextureFormat textureFormat, bool mipChain) : this(width, height)
        {
            format = textureFormat;
            mipmapCount = mipChain ? 2 : 1;
        }

        public Texture2D(int width, int height, TextureFormat textureFormat, bool mipChain, bool linear)
            : base(width, height, linear ? GraphicsFormat.R8G8B8A8_UNorm : GraphicsFormat.R8G8B8A8_SRGB)
        {
            format = textureFormat;
            mipmapCount = mipChain ? 2 : 1;
        }

        public Texture2D(int width, int height, GraphicsFormat format) : base(width, height, format) { }

        /// <summary>Not Unity's: the texture is on the GPU, and nowhere else.</summary>
        public bool IsOnGpuOnly { get; private set; }

        public void Apply(bool updateMipmaps, bool makeNoLongerReadable) => IsOnGpuOnly = makeNoLongerReadable;

        public void ReadPixels(Rect source, int destX, int destY, bool recalculateMipMaps) =>
            _read = RenderTexture.active.Content();

        /// <summary>Not Unity's: what was loaded last.</summary>
        public byte[] Loaded;

        /// <summary>Not Unity's: how often it went to the GPU.</summary>
        public int Applied;

        public TextureFormat format { get; } = TextureFormat.RGBA32;

        public int mipmapCount { get; } = 1;

        public TextureWrapMode wrapMode { get; set; }

        public void LoadRawTextureData(byte[] data) => Loaded = (byte[])data.Clone();

        public void Apply(bool updateMipmaps) => Applied++;

        public NativeArray<T> GetRawTextureData<T>() where T : struct => new NativeArray<T>((T[])(object)_read);
    }

    public sealed class Cubemap : Texture
    {
        public Cubemap(int width) : base(width, width, GraphicsFormat.R8G8B8A8_SRGB) { dimension = TextureDimension.Cube; }
    }

    public sealed class WebCamTexture : Texture
    {
        public WebCamTexture() : base(16, 16, GraphicsFormat.R8G8B8A8_UNorm) { }
        public bool videoVerticallyMirrored { get; set; }
        public void Play() { }
        public void Stop() { }
    }

    public struct RenderTextureDescriptor
    {
        public int width { get; set; }
        public int height { get; set; }
        public int msaaSamples { get; set; }
        public int depthBufferBits { get; set; }
        public bool bindMS { get; set; }
        public bool useMipMap { get; set; }
        public bool autoGenerateMips { get; set; }
        public GraphicsFormat graphicsFormat { get; set; }
    }

    public sealed class RenderTexture : Texture
    {
        /// <summary>Not Unity's: temporary targets that nobody has released yet.</summary>
        public static readonly List<RenderTexture> Temporary = new List<RenderTexture>();

        private bool _isCreated;

        public RenderTexture(int width, int height, GraphicsFormat format) : base(width, height, format) { }

        public RenderTexture(int width, int height, int depth) : base(width, height, GraphicsFormat.R8G8B8A8_SRGB) { }

        public static RenderTexture active { get; set; }

        public int antiAliasing { get; set; } = 1;

        public RenderTextureDescriptor descriptor => new RenderTextureDescriptor
        {
            width = width,
            height = height,
            msaaSamples = antiAliasing,
            depthBufferBits = 24,
            graphicsFormat = graphicsFormat,
        };

        public bool IsCreated() => _isCreated;

        public bool Create() => _isCreated = true;

        public static RenderTexture GetTemporary(RenderTextureDescriptor desc) =>
            Lend(new RenderTexture(desc.width, desc.height, desc.graphicsFormat) { antiAliasing = desc.msaaSamples });

        public static RenderTexture GetTemporary(
            int width, int height, int depthBuffer, RenderTextureFormat format, RenderTextureReadWrite readWrite) =>
            Lend(new RenderTexture(width, height, GraphicsFormat.R8G8B8A8_SRGB));

        public static void ReleaseTemporary(RenderTexture temp)
        {
            if (!Temporary.Remove(temp)) throw new InvalidOperationException("not a temporary target, or released twice");
        }

        private static RenderTexture Lend(RenderTexture target)
        {
            target.Create();
            Temporary.Add(target);
            return target;
        }
    }

    public class Material : Object
    {
        public Texture mainTexture { get; set; }
        public void SetTexture(string name, Texture value) { }
    }

    public class Renderer : Component
    {
        public Material material { get; set; }
    }

    public static class Graphics
    {
        /// <summary>Not Unity's: the sizes of all blits.</summary>
        public static readonly List<string> Blits = new List<string>();

        /// <summary>Not Unity's: leaves the list as it is.</summary>
        public static bool Silent;

        public static void Blit(Texture source, RenderTexture dest, Vector2 scale, Vector2 offset)
        {
            Blit(source, dest);
            if (Silent) return;
            var four = Rounded(scale.x) + " " + Rounded(scale.y) + " offset " + Rounded(offset.x) + " " + Rounded(offset.y);
            Blits[Blits.Count - 1] += " scale " + four;
        }

        private static string Rounded(float value) => value.ToString("0.#####");

        public static void Blit(Texture source, RenderTexture dest)
        {
            dest.Fill = source.Fill;
            RenderTexture.active = dest;
            if (!Silent) Blits.Add(source.width + "x" + source.height + " -> " + dest.width + "x" + dest.height);
        }
    }

    public struct Vector2
    {
        public float x;
        public float y;

        public Vector2(float x, float y)
        {
            this.x = x;
            this.y = y;
        }
    }

    public static class Screen
    {
        public static int width => 960;
        public static int height => 600;
    }

    public static class GUI
    {
        public static void DrawTexture(Rect position, Texture image) { }
        public static void Box(Rect position, string text) { }
    }
}
