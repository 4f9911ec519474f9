using System;
using System.IO;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

public static class Pixels
{
    public static void MaskGoesIntoATextureThatIsMadeOnce()
    {
        var model = Ready(new People());
        Texture2D mask = null;
        Check.True(!model.TryGetResult(ref mask) && mask == null, "nothing yet");
        model.TrySubmit(new Texture2D(8, 8));
        Fake.FinishPixels(1, 6, 4, 1);
        Check.True(model.TryGetResult(ref mask), "drawn");
        Check.Equal("6x4 R8 1", mask.width + "x" + mask.height + " " + mask.format + " " + mask.mipmapCount);
        Check.Equal(UnityEngine.Experimental.Rendering.GraphicsFormat.R8G8B8A8_UNorm, mask.graphicsFormat); // as numbers
        Check.Equal(mask.Id, Fake.DrawnTexture());
        Check.Equal(1, Fake.DrawnFrame());
        Check.True(!model.TryGetResult(ref mask), "each one once");
        var first = mask;
        model.TrySubmit(new Texture2D(8, 8));
        mask.Id += 100; // Unity may give it another one
        Fake.FinishPixels(1, 6, 4, 1);
        Check.True(model.TryGetResult(ref mask) && ReferenceEquals(first, mask), "the same texture again");
        Check.Equal(first.Id, Fake.DrawnTexture());
        Check.Equal(2, Fake.DrawnFrame());
    }

    public static void TextureOfAnotherSizeIsReplacedAndDestroyed()
    {
        var model = Ready(new Style());
        var wrong = new Texture2D(8, 8, TextureFormat.RGBA32, false);
        var old = wrong;
        model.TrySubmit(new Texture2D(8, 8));
        Fake.FinishPixels(1, 8, 6, 4);
        Check.True(model.TryGetResult(out PixelResult result), "a result");
        Check.True(!result.CopyTo(wrong), "it does not fit");
        Check.True(!result.CopyTo(new Texture2D(8, 6, TextureFormat.R8, false)), "another format");
        Check.True(!result.CopyTo(new Texture2D(8, 6, TextureFormat.RGBA32, true)), "mipmaps would stay as they were");
        Check.True(!result.CopyTo((Texture2D)null), "none");
        Check.True(result.CopyTo(new Texture2D(8, 6, TextureFormat.RGBA32, false)), "it fits");
        Check.True(result.CopyTo(ref wrong), "replaced");
        Check.Equal("8x6 RGBA32", wrong.width + "x" + wrong.height + " " + wrong.format);
        Check.Equal(UnityEngine.Experimental.Rendering.GraphicsFormat.R8G8B8A8_SRGB, wrong.graphicsFormat); // as colours
        Check.True(old == null, "the old one is destroyed");
    }

    public static void BytesComeAtTheirLength()
    {
        var model = Ready(new People());
        model.TrySubmit(new Texture2D(8, 8));
        Fake.FinishPixels(1, 3, 2, 1);
        byte[] bytes = null;
        Check.True(model.TryGetResult(ref bytes), "copied");
        Check.Equal("1 1 1 1 1 1", string.Join(" ", bytes));
        model.TrySubmit(new Texture2D(8, 8));
        Fake.FinishPixels(1, 3, 2, 1);
        Check.True(model.TryGetResult(out PixelResult result), "a result");
        Check.Equal("3x2x1 6 2", result.Width + "x" + result.Height + "x" + result.Channels + " " + result.Length + " " + result.Frame);
        Check.True(!result.CopyTo(new byte[5]), "too short");
        Check.True(!result.CopyTo((byte[])null), "none");
        var longer = new byte[7];
        Check.True(result.CopyTo(longer) && longer[5] == 2 && longer[6] == 0, "a longer one keeps its rest");
        Check.True(!default(PixelResult).CopyTo(longer) && !default(PixelResult).CopyTo(ref bytes), "of no result");
    }

    public static void PolledPixelsEndWithTheNextResult()
    {
        var model = Ready(new People());
        model.TrySubmit(new Texture2D(8, 8));
        Fake.FinishPixels(1, 2, 2, 1);
        Check.True(model.TryGetResult(out PixelResult result), "a result");
        Fake.Forget(1, 1);
        Check.True(!result.CopyTo(new byte[4]), "gone");
        Check.True(!result.CopyTo(new Texture2D(2, 2, TextureFormat.R8, false)), "gone");
        model.Dispose();
        Check.True(!result.CopyTo(new byte[4]), "the model is gone, too");
        Texture2D none = null;
        Check.True(!model.TryGetResult(ref none), "nothing comes any more");
    }

    public static void AwaitedPixelsAreKept()
    {
        var model = Ready(new People());
        var operation = model.Predict(new Texture2D(8, 8));
        Fake.FinishPixels(1, 2, 2, 1);
        Check.Frames(1);
        Check.True(operation.Succeeded, "done");
        Fake.Forget(1, 1);
        model.Dispose();
        var bytes = new byte[4];
        Check.True(operation.Result.CopyTo(bytes) && bytes[3] == 1, "still there");
        Texture2D texture = null;
        Check.True(operation.Result.CopyTo(ref texture), "drawn");
        Check.Equal("1 1 1 1", string.Join(" ", texture.Loaded));
        Check.Equal(2, texture.Applied); // made, and filled
        Check.Equal(0, Fake.DrawnTexture());
    }

    public static void ResultsGoToWhomTheyBelong()
    {
        var model = Ready(new People());
        model.TrySubmit(new Texture2D(8, 8));
        var operation = model.Predict(new Texture2D(8, 8));
        Fake.FinishPixels(1, 2, 2, 1);
        Fake.FinishPixels(1, 2, 2, 1);
        Check.Frames(1);
        byte[] polled = null, awaited = null;
        Check.True(model.TryGetResult(ref polled) && operation.Result.CopyTo(ref awaited), "both");
        Check.Equal("1 2", polled[0] + " " + awaited[0]);
    }

    public static void LabelMapsNameTheirClasses()
    {
        var model = Ready(new People());
        Check.True(model.TryGetLabel(0, out var label) && label == People.Label.Person, "the class");
        Check.True(!model.TryGetLabel(1, out _), "no class of that number");
        Check.True(!model.TryGetLabel(Segmenter<People.Label>.NoLabel, out _), "none");
        Check.Equal("person", People.LabelText(People.Label.Person));
        Check.Equal("alpha", People.Result);
    }

    public static void FramesMakeNoGarbage()
    {
        var masks = Ready(new People());
        var styles = new Style();
        styles.Load();
        Fake.Ready(2);
        var source = new Texture2D(8, 8);
        Texture2D mask = null, styled = null;
        byte[] bytes = null;
        byte[] below = new byte[64 * 48 * 4], above = new byte[64 * 48 * 4], into = new byte[64 * 48 * 4];
        Action frame = () =>
        {
            masks.TrySubmit(source);
            styles.TrySubmit(source);
            Fake.FinishPixels(1, 64, 48, 1);
            Fake.FinishPixels(2, 64, 48, 4);
            Stub.Frame();
            if (!masks.TryGetResult(out PixelResult result) || !result.CopyTo(ref mask) || !result.CopyTo(ref bytes)) throw new Exception();
            if (!styles.TryGetResult(ref styled)) throw new Exception();
            Blending.Blend(below, above, bytes, into);
        };
        for (var i = 0; i < 200; i++) frame();
        var before = GC.GetTotalMemory(true);
        var collections = GC.CollectionCount(0);
        for (var i = 0; i < 5000; i++) frame();
        var grown = GC.GetTotalMemory(false) - before;
        Console.WriteLine("bytes in 5000 frames: " + grown + ", collections: " + (GC.CollectionCount(0) - collections));
        Check.Equal(collections, GC.CollectionCount(0));
        Check.True(grown < 5000, "5000 frames allocate " + grown + " bytes");
    }

    /// <summary>As Pillow blends the same bytes: see test_csharp_runs.py.</summary>
    public static void BlendingIsPillows()
    {
        var folder = Environment.GetEnvironmentVariable("BLENDING");
        Func<string, byte[]> read = name => File.ReadAllBytes(Path.Combine(folder, name));
        byte[] below = read("below"), above = read("above"), mask = read("mask"), expected = read("expected");
        var into = new byte[below.Length];
        Check.True(Blending.Blend(below, above, mask, into), "blended");
        Check.Equal(Convert.ToBase64String(expected), Convert.ToBase64String(into));
        Blending.Blend(below, above, mask, below);
        Check.Equal(Convert.ToBase64String(expected), Convert.ToBase64String(below));
    }

    public static void BlendingRefusesOtherSizes()
    {
        byte[] picture = new byte[16], mask = new byte[4];
        Check.True(Blending.Blend(picture, picture, mask, picture), "these fit");
        Check.True(!Blending.Blend(picture, new byte[12], mask, picture), "a smaller picture");
        Check.True(!Blending.Blend(picture, picture, new byte[5], picture), "a larger mask");
        Check.True(!Blending.Blend(picture, picture, mask, null), "nothing");
    }

    private static T Ready<T>(T model) where T : Model
    {
        model.Load();
        Fake.Ready(1);
        Check.Frames(1);
        return model;
    }
}
