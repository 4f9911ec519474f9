using System;
using System.Threading.Tasks;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;
using UnityEngine.Rendering;

/// <summary>The browser takes the GPU away, and the model loads itself anew.</summary>
public static class Recovering
{
    private static readonly float[] Pairs = { 2, 0.7f, 0, 0.2f, 1, 0.1f };
    private const string Lost = "An inference failed: the WebGL context of TensorFlow.js was lost.";

    public static void PredictionsUnderWayFailWithTheCauseAndLaterOnesWait()
    {
        var model = Predicting.Ready();
        var load = model.Load();
        var inFlight = Say(model);
        var queued = Say(model);
        Fake.Lose(1, Lost);
        Check.Equal(ModelState.Loading, model.State);
        Check.Equal(0f, model.Progress);
        Check.Frames(1);
        foreach (var said in new[] { inFlight, queued })
        {
            var exception = Check.Thrown<BridgeException>(said);
            Check.Equal(ErrorCode.PredictFailed, exception.Code);
            Check.Equal(Lost, exception.Message);
        }
        var submits = Fake.Submits;
        var later = Say(model);
        Check.Frames(3);
        Check.True(!later.IsCompleted && Fake.Submits == submits, "it waits");
        Fake.Ready(1);
        Check.Frames(1);
        Check.Equal(ModelState.Ready, model.State);
        Check.Equal(submits + 1, Fake.Submits);
        Fake.Finish();
        Check.Frames(1);
        Check.Equal("Seven", later.Result);
        Check.True(ReferenceEquals(load, model.Load()) && load.Succeeded, "it was loaded, once and for all");
        Check.LogIsEmpty();
    }

    public static void PollingGoesOnAndFramesUnderWayAreDropped()
    {
        var model = Predicting.Ready();
        for (var i = 0; i < 2; i++) model.TrySubmit(new Texture2D(8, 8));
        Fake.Finish(1, 0.6f);
        Fake.Lose(1, Lost);
        Check.Frames(1);
        Check.True(model.TryGetResult(out var result) && result.Score == 0.6f, "a result from before is still a result");
        Check.True(!model.TryGetResult(out _), "the other frame is gone");
        Check.True(!model.TrySubmit(new Texture2D(8, 8)) && !model.TrySubmitCamera(), "not taken");
        Check.Equal(SubmitCode.NotReady, model.LastSubmit);
        Fake.Ready(1);
        Check.True(model.TrySubmit(new Texture2D(8, 8)), "taken again");
        Fake.Finish(1, 0.5f);
        Check.True(model.TryGetResult(out result) && result.Score == 0.5f, "and predicted on");
        Check.Equal(ErrorCode.None, model.ErrorCode);
        Check.LogIsEmpty();
    }

    public static void AReadbackUnderWayIsSubmittedAfterwards()
    {
        Fake.SetContext(0);
        var model = Predicting.Ready();
        var said = Say(model);
        Fake.Lose(1, Lost);
        AsyncGPUReadback.Pending[0]();
        Check.Frames(2);
        Check.True(!said.IsCompleted && Fake.Submits == 0, "its pixels wait");
        Fake.Ready(1);
        Check.Frames(1);
        Check.Equal(1, Fake.Submits);
        Fake.Finish();
        Check.Frames(1);
        Check.Equal("Seven", said.Result);
    }

    public static void DisposeMeanwhileCancelsWhatWaits()
    {
        var model = Predicting.Ready();
        Fake.Lose(1, Lost);
        var said = Say(model);
        Check.Frames(1);
        model.Dispose();
        Check.Frames(1);
        Check.Thrown<OperationCanceledException>(said);
        Check.Equal(0, Fake.Live());
        Check.Equal(ModelState.Disposed, model.State);
        Check.True(!model.TrySubmit(new Texture2D(8, 8)) && !model.TryGetResult(out _), "polling is quiet");
        Check.LogIsEmpty();
    }

    public static void AFailureMeanwhileFailsWhatWaits()
    {
        var model = Predicting.Ready();
        Fake.Lose(1, Lost);
        var said = Say(model);
        Fake.Fail(1, 118, "TensorFlow.js lost its WebGL context 4 times within a minute.");
        Check.Frames(1);
        Check.Equal(ErrorCode.BackendLost, Check.Thrown<BridgeException>(said).Code);
        Check.Equal(ModelState.Failed, model.State);
        Check.LogIsEmpty();
    }

    public static void AFailureMeanwhileIsLoggedThoughLoadWasAwaitedOnce()
    {
        var model = new HandSigns();
        var loaded = Load(model);
        Fake.Ready(1);
        Check.Frames(1);
        Check.True(loaded.IsCompleted, "long ago");
        Fake.Lose(1, Lost);
        Check.Frames(1);
        Fake.Fail(1, 118, "TensorFlow.js lost its WebGL context 4 times within a minute.");
        Check.Frames(3);
        Check.Equal(
            "error: [TfjsBridge] hand-signs: TensorFlow.js lost its WebGL context 4 times within a minute.",
            string.Join("\n", Stub.Logs));
    }

    public static void TwoModelsComeBackEachInItsTime()
    {
        var first = Predicting.Ready();
        var second = new HandSigns();
        second.Load();
        Fake.Ready(2);
        Fake.Lose(1, Lost);
        Fake.Lose(2, Lost);
        var said = new[] { Say(first), Say(second) };
        Fake.Ready(2);
        Check.Frames(1);
        Fake.Finish(2);
        Check.Frames(1);
        Check.True(!said[0].IsCompleted && said[1].IsCompleted, "the second one");
        Fake.Ready(1);
        Check.Frames(1);
        Fake.Finish(1);
        Check.Frames(1);
        Check.Equal("Seven", said[0].Result);
    }

    public static void FramesMakeNoGarbageMeanwhile()
    {
        var model = Predicting.Ready();
        var texture = new Texture2D(8, 8);
        Frames(200, model, texture);
        var before = GC.GetTotalMemory(true);
        var collections = GC.CollectionCount(0);
        Frames(20000, model, texture);
        var grown = GC.GetTotalMemory(false) - before;
        Check.Equal(collections, GC.CollectionCount(0));
        Check.True(grown < 20000, "20000 frames allocate " + grown + " bytes");
    }

    public static void ALostContextOfTheGameIsReadableThoughNothingIsSubmitted()
    {
        const string Text = "The WebGL context of the game was lost.";
        var model = Predicting.Ready();
        Fake.LoseGame(111, Text);
        Check.Frames(3);
        Check.Equal(ErrorCode.ContextLost, model.ErrorCode);
        Check.Equal(Text, model.Error);
        Check.Equal(ModelState.Ready, model.State);
        Check.Equal("error: [TfjsBridge] hand-signs: " + Text, string.Join("\n", Stub.Logs));
        Check.True(!model.TrySubmit(new Texture2D(8, 8)), "refused");
        Check.Equal(SubmitCode.Failed, model.LastSubmit);
        var operation = model.Predict(new Texture2D(8, 8));
        Check.Equal(ErrorCode.ContextLost, operation.ErrorCode);
        Check.Equal(Text, operation.Error);
        Check.True(model.TrySubmit(new Color32[64], 8, 8) && model.TrySubmitCamera(), "what needs no context is taken");
        Check.Equal(1, Stub.Logs.Count);
    }

    // A loss in every tenth frame.
    private static void Frames(int count, HandSigns model, Texture texture)
    {
        for (var i = 0; i < count; i++)
        {
            if (i % 10 == 5) Fake.Lose(1, Lost);
            if (i % 10 == 8) Fake.Ready(1);
            var isReady = model.State == ModelState.Ready;
            if (model.TrySubmit(texture) != isReady || model.TrySubmitCamera() != isReady) throw new Exception();
            Stub.Frame();
            Fake.FinishWith(Pairs);
            if (model.TryGetResult(out _) != isReady || model.Progress > 1 || model.Stats.Failed > 0) throw new Exception();
        }
    }

    private static async Task Load(HandSigns model) => await model.Load();

    private static async Task<string> Say(HandSigns model) => (await model.Predict(new Texture2D(8, 8))).Label.ToString();
}
