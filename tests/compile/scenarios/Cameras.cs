using System;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;
using UnityEngine.Experimental.Rendering;

public static class Cameras
{
    private static readonly float[] Pairs = { 2, 0.7f, 0, 0.2f, 1, 0.1f };

    public static void IsClosedUntilSomebodyAsks()
    {
        var model = new HandSigns();
        Check.Equal(CameraState.Closed, model.Camera.State);
        Check.Equal("None, , 0x0", model.Camera.ErrorCode + ", " + model.Camera.Error + ", " + model.Camera.Width + "x" + model.Camera.Height);
        Check.True(!model.Camera.TryCopyTo(new Texture2D(8, 8)), "nothing to copy");
        Check.Equal(0, Fake.Created());
        model.Camera.Close();
        model.Dispose();
        model.Camera.Open();
        Check.Equal(CameraState.Closed, model.Camera.State);
    }

    public static void OpensWithItsOptionsWhileTheModelLoads()
    {
        var model = new HandSigns();
        var options = new CameraOptions
        {
            Facing = CameraFacing.Back, Rotation = CameraRotation.Clockwise270, Mirror = true, Width = 1280, Height = 720,
        };
        model.Camera.Open(options);
        Check.Equal(ModelState.Loading, model.State);
        Check.Equal("1 1280 720 270 2", Fake.CameraAsked);
        Check.Equal(CameraState.Asking, model.Camera.State);
        model.Camera.Open();
        Check.Equal("0 0 0 0 0", Fake.CameraAsked);
        Check.Equal(2, Fake.CameraOpens);
        Check.LogIsEmpty();
    }

    public static void WaitsForTheRuntime()
    {
        Fake.SetRuntime(0);
        var model = new HandSigns();
        model.Camera.Open(new CameraOptions { Width = 320 });
        Check.Frames(3);
        Check.Equal(CameraState.Asking, model.Camera.State);
        Check.Equal(0, Fake.CameraOpens);
        Fake.SetRuntime(1);
        Check.Frames(3);
        Check.Equal("0 320 0 0 0", Fake.CameraAsked);
        Check.Equal(1, Fake.CameraOpens);
    }

    public static void ClosingForgetsWhatWasWaiting()
    {
        Fake.SetRuntime(0);
        var model = new HandSigns();
        model.Camera.Open();
        model.Camera.Close();
        Fake.SetRuntime(1);
        Check.Frames(3);
        Check.Equal(CameraState.Closed, model.Camera.State);
        Check.Equal(0, Fake.CameraOpens);
    }

    public static void AModelThatFailedAsksNobody()
    {
        Fake.SetRuntime(0);
        var model = new HandSigns();
        model.Camera.Open();
        Fake.Fail(1, 101, "The runtime script did not load.");
        Check.Frames(2);
        Check.Equal(CameraState.Closed, model.Camera.State);
    }

    public static void WhatIsWrongIsLoggedOnce()
    {
        var model = Predicting.Ready();
        model.Camera.Open();
        Fake.CameraIs((int)CameraState.NotAllowedInFrame, (int)ErrorCode.CameraNotInFrame, "Not in this frame.");
        Check.Frames(5);
        Check.Equal(CameraState.NotAllowedInFrame, model.Camera.State);
        Check.Equal(ErrorCode.CameraNotInFrame, model.Camera.ErrorCode);
        Check.Equal("Not in this frame.", model.Camera.Error);
        Check.Equal("error: [TfjsBridge] hand-signs: Not in this frame.", string.Join("\n", Stub.Logs));
    }

    public static void APauseIsNotLogged()
    {
        var model = Predicting.Ready();
        model.Camera.Open();
        Fake.CameraIs((int)CameraState.Stopped, (int)ErrorCode.CameraStopped, "It goes on by itself.", 0, 0);
        Check.Frames(5);
        Check.Equal("Stopped: It goes on by itself.", model.Camera.State + ": " + model.Camera.Error);
        Check.True(!model.Camera.TryCopyTo(new Texture2D(8, 8)), "no picture");
        Check.Equal(SubmitCode.NotReady, model.Camera.LastCopy);
        Check.LogIsEmpty();
    }

    public static void OptionsThatDoNotExistAreTold()
    {
        var model = Predicting.Ready();
        model.Camera.Open(new CameraOptions { Rotation = (CameraRotation)45 });
        Check.Frames(2);
        Check.Equal(0, Fake.CameraOpens);
        Check.Equal(
            "error: [TfjsBridge] hand-signs: there are no such CameraOptions: Front, 0x0, rotation 45", string.Join("\n", Stub.Logs));
    }

    public static void ATextureOfTheCamerasSizeIsMadeAndKept()
    {
        var model = Predicting.Ready();
        var camera = model.Camera;
        Texture2D picture = null;
        camera.Open();
        Check.True(!camera.TryUpdate(ref picture) && picture == null, "no picture yet");
        Check.Equal(SubmitCode.NotReady, camera.LastCopy);
        Fake.CameraIs((int)CameraState.Open, 0, "", 640, 480);
        Check.True(camera.TryUpdate(ref picture) && picture.IsOnGpuOnly, "made");
        Check.Equal("640x480", picture.width + "x" + picture.height);
        Check.Equal(picture.Id, Fake.LastTexture);
        var first = picture;
        Check.True(camera.TryUpdate(ref picture) && ReferenceEquals(first, picture), "kept");
        Fake.CameraIs((int)CameraState.Open, 0, "", 480, 640); // a phone was turned
        Check.True(camera.TryUpdate(ref picture) && first == null, "the old one is destroyed");
        Check.Equal("480x640", Fake.LastWidth + "x" + Fake.LastHeight);
    }

    public static void OnlyTexturesThatCanTakeItAreHandedOver()
    {
        var camera = Predicting.Ready().Camera;
        camera.Open();
        Fake.CameraIs((int)CameraState.Open, 0, "", 640, 480);
        Check.True(camera.TryCopyTo(new RenderTexture(32, 16, GraphicsFormat.R8G8B8A8_UNorm)), "a render target");
        Check.Equal("32x16", Fake.LastWidth + "x" + Fake.LastHeight);
        var multisampled = new RenderTexture(32, 16, GraphicsFormat.R8G8B8A8_UNorm) { antiAliasing = 4 };
        var others = new Texture[]
        {
            null, new Cubemap(16), new RenderTexture(8, 8, GraphicsFormat.R16G16B16A16_SFloat), multisampled,
        };
        foreach (var texture in others)
        {
            Check.True(!camera.TryCopyTo(texture), "refused");
            Check.Equal(SubmitCode.BadTexture, camera.LastCopy);
        }
        Fake.SetContext(0);
        Check.True(!camera.TryCopyTo(new Texture2D(8, 8)), "WebGPU");
        Check.Equal(SubmitCode.NoGLContext, camera.LastCopy);
        Fake.CameraIs((int)CameraState.NoCamera, (int)ErrorCode.NoCamera, "None.");
        Check.True(!camera.TryCopyTo(new Texture2D(8, 8)), "no camera");
        Check.Equal(SubmitCode.Failed, camera.LastCopy);
    }

    public static void FramesMakeNoGarbage()
    {
        var model = Predicting.Ready();
        var picture = new Texture2D(640, 480);
        model.Camera.Open();
        Fake.CameraIs((int)CameraState.Open, 0, "", 640, 480);
        for (var i = 0; i < 200; i++) Frame(model, ref picture);
        var before = GC.GetTotalMemory(true);
        var collections = GC.CollectionCount(0);
        for (var i = 0; i < 20000; i++) Frame(model, ref picture);
        var grown = GC.GetTotalMemory(false) - before;
        Check.Equal(collections, GC.CollectionCount(0));
        Check.True(grown < 20000, "20000 frames allocate " + grown + " bytes");
    }

    private static void Frame(HandSigns model, ref Texture2D picture)
    {
        Stub.Frame();
        var camera = model.Camera;
        if (camera.State != CameraState.Open || camera.ErrorCode != ErrorCode.None || camera.Error != "") throw new Exception();
        if (camera.Width != 640 || !camera.TryUpdate(ref picture)) throw new Exception();
        if (!model.TrySubmitCamera()) throw new Exception();
        Fake.FinishWith(Pairs);
        if (!model.TryGetResult(out _)) throw new Exception();
    }
}
