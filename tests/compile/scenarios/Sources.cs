using System;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;
using UnityEngine.Experimental.Rendering;
using UnityEngine.Rendering;

public static class Sources
{
    public static void TextureGoesByItsIdOfThisMoment()
    {
        var model = Predicting.Ready();
        var texture = new Texture2D(640, 480, GraphicsFormat.R8G8B8A8_UNorm);
        model.TrySubmit(texture, SourceFlags.Mirror);
        Check.Equal(texture.Id, Fake.LastTexture);
        Check.Equal(640, Fake.LastWidth);
        Check.Equal(480, Fake.LastHeight);
        Check.Equal(Fake.Mirror, Fake.LastFlags);
        texture.Id = 777;
        model.TrySubmit(texture);
        Check.Equal(777, Fake.LastTexture);
        Check.Equal(0, Fake.LastFlags);
    }

    public static void LinearLightIsFoundOut()
    {
        var model = Predicting.Ready();
        Check.Equal(0, FlagsOf(model, new Texture2D(8, 8, GraphicsFormat.R8G8B8A8_SRGB)));
        Check.Equal(0, FlagsOf(model, new RenderTexture(8, 8, GraphicsFormat.R16G16B16A16_SFloat)));
        Check.True(model.TrySubmit(new Texture2D(8, 8), SourceFlags.Linear), "said by hand");
        Check.Equal(Fake.Linear, Fake.LastFlags);
        QualitySettings.activeColorSpace = ColorSpace.Linear;
        Check.Equal(Fake.Linear, FlagsOf(model, new Texture2D(8, 8, GraphicsFormat.R8G8B8A8_SRGB)));
        Check.Equal(0, FlagsOf(model, new Texture2D(8, 8, GraphicsFormat.R8G8B8A8_UNorm)));
        Check.Equal(Fake.Linear, FlagsOf(model, new RenderTexture(8, 8, GraphicsFormat.R16G16B16A16_SFloat)));
        Check.Equal(Fake.Linear, FlagsOf(model, new RenderTexture(8, 8, GraphicsFormat.B10G11R11_UFloatPack32)));
        Check.Equal(0, FlagsOf(model, new RenderTexture(8, 8, GraphicsFormat.R8G8B8A8_UNorm)));
        Check.Equal(0, FlagsOf(model, new Texture2D(8, 8, GraphicsFormat.R16G16B16A16_SFloat)));
    }

    public static void MultisampledTargetIsResolvedFirst()
    {
        var model = Predicting.Ready();
        QualitySettings.activeColorSpace = ColorSpace.Linear;
        var before = new RenderTexture(4, 4, GraphicsFormat.R8G8B8A8_UNorm);
        RenderTexture.active = before;
        var source = new RenderTexture(320, 200, GraphicsFormat.R8G8B8A8_SRGB) { antiAliasing = 4 };
        Check.True(model.TrySubmit(source), "taken");
        Check.Equal("320x200 -> 320x200", string.Join(", ", Graphics.Blits));
        Check.True(Fake.LastTexture != source.Id, "not the multisampled texture");
        Check.Equal(Fake.Linear, Fake.LastFlags);
        Check.Equal(0, RenderTexture.Temporary.Count);
        Check.True(ReferenceEquals(before, RenderTexture.active), "the active target is put back");
    }

    public static void PlainTargetIsNotCopied()
    {
        var model = Predicting.Ready();
        var source = new RenderTexture(320, 200, GraphicsFormat.R8G8B8A8_UNorm);
        model.TrySubmit(source);
        Check.Equal(source.Id, Fake.LastTexture);
        Check.Equal(0, Graphics.Blits.Count);
    }

    public static void WebCamIsAwaitedUntilItsFirstFrame()
    {
        var model = Predicting.Ready();
        var camera = new WebCamTexture();
        Check.True(!model.TrySubmit(camera), "a placeholder");
        Check.Equal(SubmitCode.NotReady, model.LastSubmit);
        var operation = model.Predict(camera);
        Check.Frames();
        Check.Equal(0, Fake.Submits);
        camera.width = 640;
        camera.height = 480;
        Check.Frames(1);
        Check.Equal(640, Fake.LastWidth);
        Check.Equal(Fake.Queue | Fake.Webcam, Fake.LastFlags);
        Fake.Finish();
        Check.Frames(1);
        Check.True(operation.Succeeded, "done");
        camera.videoVerticallyMirrored = true;
        Check.Equal(Fake.TopRowFirst | Fake.Webcam, FlagsOf(model, camera));
        Check.True(model.TrySubmit(camera, SourceFlags.TopRowFirst), "taken");
        Check.Equal(Fake.Webcam, Fake.LastFlags);
    }

    public static void WhatTheModelSeesComesIntoAnArrayOrATexture()
    {
        var idle = new HandSigns();
        Check.True(!idle.TryGetInput(new byte[64 * 48 * 4]), "not loaded");
        var model = Predicting.Ready();
        Texture2D texture = null;
        Check.True(!model.TryGetInput(ref texture) && texture == null, "nothing was kept");
        model.TrySubmit(new Texture2D(8, 8));
        Check.True(model.TryGetInput(ref texture), "a picture");
        Check.Equal("64x48", texture.width + "x" + texture.height);
        var first = texture;
        Check.True(model.TryGetInput(ref texture) && ReferenceEquals(first, texture), "the texture is kept");
        var bytes = new byte[64 * 48 * 4];
        Check.True(model.TryGetInput(bytes), "an array");
        Check.Equal((byte)Fake.LastFrame, bytes[bytes.Length - 1]);
        Check.True(!model.TryGetInput(new byte[8]) && !model.TryGetInput((byte[])null), "too short");
    }

    public static void UnusableTexturesAreRefusedWithAReason()
    {
        var model = Predicting.Ready();
        var destroyed = new Texture2D(8, 8);
        UnityEngine.Object.Destroy(destroyed);
        foreach (var texture in new Texture[] { null, destroyed, new Cubemap(8) })
        {
            Check.True(!model.TrySubmit(texture), "refused");
            Check.Equal(SubmitCode.BadTexture, model.LastSubmit);
            Check.Equal(ErrorCode.BadSource, model.Predict(texture).ErrorCode);
        }
        Check.Contains("Cubemap 8x8", model.Predict(new Cubemap(8)).Error);
        Check.Contains("no texture, or a destroyed one,", model.Predict(destroyed).Error);
        Check.Equal(0, Fake.Submits);
    }

    public static void Color32ArrivesBottomRowFirst()
    {
        var model = Predicting.Ready();
        var pixels = new[] { new Color32(1, 2, 3, 4), new Color32(5, 6, 7, 8) };
        Check.True(model.TrySubmit(pixels, 1, 2), "taken");
        Check.Equal("1,2,3,4,5,6,7,8", string.Join(",", Fake.Pixels()));
        Check.Equal(0, Fake.LastFlags);
        Check.Equal(1, Fake.LastWidth);
        Check.Equal(2, Fake.LastHeight);
        Check.Equal(FramePath.Pixels, model.Stats.Path);
        Check.True(model.TrySubmit(pixels, 1, 2, SourceFlags.Rgb24 | SourceFlags.Mirror), "a Color32 is never RGB24");
        Check.Equal(Fake.Mirror, Fake.LastFlags);
    }

    public static void BytesComeAsThreeOrFour()
    {
        var model = Predicting.Ready();
        Check.True(model.TrySubmit(new byte[] { 1, 2, 3 }, 1, 1, SourceFlags.Rgb24 | SourceFlags.TopRowFirst), "RGB");
        Check.Equal(Fake.Rgb24 | Fake.TopRowFirst, Fake.LastFlags);
        Check.Equal("1,2,3", string.Join(",", Fake.Pixels()));
        Check.True(model.TrySubmit(new byte[] { 1, 2, 3, 4, 99 }, 1, 1), "RGBA, and a longer array");
        Check.Equal("1,2,3,4", string.Join(",", Fake.Pixels()));
    }

    public static void ShortArraysAreRefused()
    {
        var model = Predicting.Ready();
        Check.True(!model.TrySubmit(new Color32[5], 2, 3), "five of six");
        Check.True(!model.TrySubmit(new byte[23], 2, 3), "23 of 24 bytes");
        Check.True(!model.TrySubmit(new byte[17], 2, 3, SourceFlags.Rgb24), "17 of 18 bytes");
        Check.True(!model.TrySubmit((byte[])null, 2, 3), "none");
        Check.True(!model.TrySubmit(new byte[24], 0, 3), "no width");
        Check.True(!model.TrySubmit(new byte[24], 65536, 65536), "too large for an int");
        Check.Equal(0, Fake.Submits);
        Check.Contains("an array of 5 for 2x3 pixels", model.Predict(new Color32[5], 2, 3).Error);
    }

    public static void WithoutAContextPixelsAreReadBack()
    {
        Fake.SetContext(0);
        var model = Predicting.Ready();
        var active = RenderTexture.active = new RenderTexture(4, 4, GraphicsFormat.R8G8B8A8_UNorm);
        QualitySettings.activeColorSpace = ColorSpace.Linear;
        var source = new Texture2D(640, 480) { Fill = 42 };
        Check.True(model.TrySubmit(source), "on its way");
        Check.Equal(SubmitCode.Queued, model.LastSubmit);
        Check.Equal("640x480 -> 320x240, 320x240 -> 160x120, 160x120 -> 80x60", string.Join(", ", Graphics.Blits));
        Check.Equal(0, Fake.Submits);
        Check.True(!model.TrySubmit(source) && model.LastSubmit == SubmitCode.NotReady, "one at a time");
        ReadbackEnds();
        Check.Frames(1);
        Check.Equal(1, Fake.Submits);
        Check.Equal(80, Fake.LastWidth);
        Check.Equal(60, Fake.LastHeight);
        Check.Equal(0, Fake.LastFlags);
        Check.Equal(42, Fake.Pixels()[80 * 60 * 4 - 1]);
        Check.Equal(0, RenderTexture.Temporary.Count);
        Check.True(ReferenceEquals(active, RenderTexture.active), "the active target is put back");
        Fake.Finish();
        Check.True(model.TryGetResult(out var result) && result.Frame == Fake.LastFrame, "its result");
    }

    public static void ReadbackServesAwaitsOneByOne()
    {
        Fake.SetContext(0);
        var model = Predicting.Ready();
        var first = model.Predict(new Texture2D(8, 8) { Fill = 1 });
        var second = model.Predict(new Texture2D(8, 8) { Fill = 2 });
        for (var i = 1; i <= 2; i++)
        {
            ReadbackEnds();
            Check.Frames(1);
            Check.Equal(i, Fake.Submits);
            Check.Equal(i, Fake.Pixels()[0]);
            Check.Equal(Fake.Queue, Fake.LastFlags);
            Fake.Finish();
            Check.Frames(1);
        }
        Check.True(first.Succeeded && second.Succeeded, "both");
    }

    public static void FailedReadbackFailsItsAwait()
    {
        Fake.SetContext(0);
        AsyncGPUReadback.Fails = true;
        var model = Predicting.Ready();
        var operation = model.Predict(new Texture2D(8, 8));
        ReadbackEnds();
        Check.Frames(1);
        Check.Equal(ErrorCode.BadSource, operation.ErrorCode);
        Check.Contains("its pixels could not be read back", operation.Error);
        Check.True(model.TrySubmit(new Texture2D(8, 8)), "begun");
        ReadbackEnds();
        Check.Frames(1);
        Check.Equal(SubmitCode.BadTexture, model.LastSubmit);
    }

    public static void ReadbackThatEndsAfterDisposeIsHarmless()
    {
        Fake.SetContext(0);
        var model = Predicting.Ready();
        model.TrySubmit(new Texture2D(8, 8));
        model.Dispose();
        ReadbackEnds();
        Check.Frames(1);
        Check.Equal(0, RenderTexture.Temporary.Count);
        Check.Equal(0, Fake.Submits);
    }

    public static void WithoutAsyncReadbackPixelsAreReadAtOnce()
    {
        Fake.SetContext(0);
        SystemInfo.supportsAsyncGPUReadback = false;
        var model = Predicting.Ready();
        Check.True(model.TrySubmit(new Texture2D(128, 96) { Fill = 7 }), "taken");
        Check.Equal(SubmitCode.Accepted, model.LastSubmit);
        Check.Equal(64, Fake.LastWidth);
        Check.Equal(48, Fake.LastHeight);
        Check.Equal(7, Fake.Pixels()[0]);
        Check.Equal(0, RenderTexture.Temporary.Count);
    }

    private static int FlagsOf(HandSigns model, Texture texture)
    {
        Check.True(model.TrySubmit(texture), "taken");
        return Fake.LastFlags;
    }

    private static void ReadbackEnds()
    {
        Check.Equal(1, AsyncGPUReadback.Pending.Count);
        var arrived = AsyncGPUReadback.Pending[0];
        AsyncGPUReadback.Pending.Clear();
        arrived();
    }
}
