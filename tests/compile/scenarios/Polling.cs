using System;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

public static class Polling
{
    public static void NewestResultIsGivenOnce()
    {
        var model = Predicting.Ready();
        Check.True(!model.TryGetResult(out _), "nothing yet");
        Check.True(model.TrySubmit(new Texture2D(8, 8)), "taken");
        Check.Equal(SubmitCode.Accepted, model.LastSubmit);
        Check.Equal(0, Fake.LastFlags & Fake.Queue);
        Check.True(model.TrySubmit(new Texture2D(8, 8)), "taken");
        Check.Equal(SubmitCode.Queued, model.LastSubmit);
        Fake.Finish(1, 0.6f);
        Fake.Finish(1, 0.5f);
        Check.True(model.TryGetResult(out var result), "there without a frame in between");
        Check.Equal(0.5f, result.Score);
        Check.Equal(2, result.Frame);
        Check.True(!model.TryGetResult(out _), "each one once");
    }

    public static void NewerFrameReplacesTheWaitingOne()
    {
        var model = Predicting.Ready();
        for (var i = 0; i < 3; i++) model.TrySubmit(new Texture2D(8, 8));
        Check.Equal(1, Fake.Finish());
        Check.Equal(3, Fake.Finish());
        Check.True(model.TryGetResult(out var result), "newest");
        Check.Equal(3, result.Frame);
        Check.Equal(1, model.Stats.Dropped);
        Check.Equal(3, model.Stats.Submitted);
        Check.Equal(2, model.Stats.Finished);
        Check.Equal(FramePath.Texture, model.Stats.Path);
    }

    public static void ResultsGoToWhomTheyBelong()
    {
        var model = Predicting.Ready();
        model.TrySubmit(new Texture2D(8, 8));
        var operation = model.Predict(new Texture2D(8, 8));
        Fake.Finish(1, 0.6f);
        Fake.Finish(1, 0.5f);
        Check.True(model.TryGetResult(out var result), "the polled one");
        Check.Equal(0.6f, result.Score);
        Check.True(operation.IsDone, "the explicit one came along");
        Check.Equal(0.5f, operation.Result.Score);
        Check.True(!model.TryGetResult(out _), "an awaited result is not polled too");
    }

    public static void LoadsByItself()
    {
        var model = new HandSigns();
        Check.True(!model.TrySubmit(new Texture2D(8, 8)), "not ready");
        Check.Equal(SubmitCode.NotReady, model.LastSubmit);
        Check.Equal(ModelState.Loading, model.State);
        Fake.Ready(1);
        Check.True(model.TrySubmit(new Texture2D(8, 8)), "taken");
    }

    public static void FailedInferenceLeavesNoResult()
    {
        var model = Predicting.Ready();
        model.TrySubmit(new Texture2D(8, 8));
        Fake.FinishFailed(108, "An inference failed: lost.");
        Check.True(!model.TryGetResult(out _), "none");
        Check.Equal(ErrorCode.PredictFailed, model.ErrorCode);
        Check.Equal("An inference failed: lost.", model.Error);
        Check.Equal(1, model.Stats.Failed);
        Check.True(model.TrySubmit(new Texture2D(8, 8)), "it goes on");
    }

    public static void SharedScoresAreNeverSilentlyOld()
    {
        var model = Predicting.Ready();
        var old = Polled(model, 0.6f);
        var kept = old.Copy();
        var newer = Polled(model, 0.5f);
        Check.Equal(0.6f, old.Score);
        Check.Equal(0.6f, kept[0].Score);
        Check.Equal(0.2f, kept.ScoreOf(HandSigns.Label.Zero));
        Check.Equal(0.5f, newer[0].Score);
        try
        {
            Check.Equal(0.6f, old[0].Score);
        }
        catch (InvalidOperationException exception)
        {
            Check.Contains("Copy()", exception.Message);
            return;
        }
        throw new Exception("old scores were given");
    }

    public static void LargerResultThanExpectedIsTakenWhole()
    {
        var model = Predicting.Ready();
        model.TrySubmit(new Texture2D(8, 8));
        Fake.FinishWith(new[] { 2, 0.5f, 1, 0.3f, 0, 0.1f, 2, 0.06f, 1, 0.04f });
        Check.True(model.TryGetResult(out var result), "taken");
        Check.Equal(5, result.Count);
        Check.Equal(0.04f, result[4].Score);
    }

    public static void FramesMakeNoGarbage()
    {
        var model = Predicting.Ready();
        var texture = new Texture2D(8, 8);
        var pairs = new[] { 2, 0.7f, 0, 0.2f, 1, 0.1f };
        var pixels = new Color32[64];
        for (var i = 0; i < 200; i++) Frame(model, texture, pixels, pairs);
        var collections = GC.CollectionCount(0);
        var before = GC.GetTotalMemory(true);
        collections = GC.CollectionCount(0);
        for (var i = 0; i < 20000; i++) Frame(model, texture, pixels, pairs);
        var grown = GC.GetTotalMemory(false) - before;
        Console.WriteLine("bytes in 20000 frames: " + grown + ", collections: " + (GC.CollectionCount(0) - collections));
        Check.Equal(collections, GC.CollectionCount(0));
        // Less than one byte a frame; the smallest object has 16.
        Check.True(grown < 20000, "20000 frames allocate " + grown + " bytes");
    }

    private static void Frame(HandSigns model, Texture texture, Color32[] pixels, float[] pairs)
    {
        if (model.State == ModelState.Ready) model.TrySubmit(texture);
        model.TrySubmit(pixels, 8, 8);
        model.TrySubmitCamera();
        Fake.FinishWith(pairs);
        Stub.Frame();
        if (model.TryGetResult(out var result) && result.ScoreOf(HandSigns.Label.One) > 1) throw new Exception();
        foreach (var entry in result)
            if (entry.Label == HandSigns.Label.Seven && entry.Score > 1) throw new Exception();
        if (model.Error.Length > 0 || model.ErrorCode != ErrorCode.None || model.Progress < 1) throw new Exception();
        if (model.Stats.Submitted < 0) throw new Exception();
    }

    private static Prediction<HandSigns.Label> Polled(HandSigns model, float score)
    {
        model.TrySubmit(new Texture2D(8, 8));
        Fake.Finish(1, score);
        Check.True(model.TryGetResult(out var result), "a result");
        return result;
    }
}
