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

    public static void TopClassesGoIntoTheCallersArray()
    {
        var model = Predicting.Ready();
        var top = new ClassScore<HandSigns.Label>[2];
        var result = Polled(model, 0.6f);
        Check.Equal(2, result.CopyTop(top));
        Check.Equal("Seven 0.600, Zero 0.200", top[0] + ", " + top[1]);
        var wide = new ClassScore<HandSigns.Label>[5];
        Check.Equal(3, result.CopyTop(wide));
        Check.Equal("One 0.100", wide[2].ToString());
        Check.Equal(0f, wide[3].Score);
        Check.Equal(0, result.CopyTop(null));
        Check.Equal(0, default(Prediction<HandSigns.Label>).CopyTop(top));
        Polled(model, 0.5f);
        Check.Equal(0, result.CopyTop(top));
        Check.Equal(0.6f, top[0].Score);
    }

    public static void FailedInferencesAreLoggedOnce()
    {
        var model = Predicting.Ready();
        for (var i = 0; i < 3; i++)
        {
            model.TrySubmit(new Texture2D(8, 8));
            Fake.FinishFailed(108, "An inference failed: out of memory.");
            Check.Frames(1);
        }
        Check.Equal("error: [TfjsBridge] hand-signs: An inference failed: out of memory.", string.Join("\n", Stub.Logs));
    }

    public static void RefusedCameraIsLoggedOnce()
    {
        Fake.SetCamera(-1);
        var model = Predicting.Ready();
        Fake.SetError(1, 110, "The camera could not be opened: NotAllowedError.");
        for (var i = 0; i < 3; i++) Check.True(!model.TrySubmitCamera(), "refused");
        Check.Equal(SubmitCode.Failed, model.LastSubmit);
        Check.Equal("error: [TfjsBridge] hand-signs: The camera could not be opened: NotAllowedError.", string.Join("\n", Stub.Logs));
    }

    public static void DisposedModelGivesNoResult()
    {
        var model = Predicting.Ready();
        model.TrySubmit(new Texture2D(8, 8));
        Fake.Finish();
        Check.Frames(1); // the pump has taken it already
        model.Dispose();
        Check.True(!model.TryGetResult(out var result) && result.Count == 0, "none");
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
        var game = new Game();
        for (var i = 0; i < 200; i++) game.Frame();
        var collections = GC.CollectionCount(0);
        var before = GC.GetTotalMemory(true);
        collections = GC.CollectionCount(0);
        for (var i = 0; i < 20000; i++) game.Frame();
        var grown = GC.GetTotalMemory(false) - before;
        Console.WriteLine("bytes in 20000 frames: " + grown + ", collections: " + (GC.CollectionCount(0) - collections));
        Check.Equal(collections, GC.CollectionCount(0));
        // Less than one byte a frame; the smallest object has 16.
        Check.True(grown < 20000, "20000 frames allocate " + grown + " bytes");
    }

    /// <summary>Everything that a game may do in every frame, with two models.</summary>
    private sealed class Game
    {
        private readonly HandSigns _model = Predicting.Ready();
        private readonly HandSigns _other = new HandSigns();
        private readonly Texture2D _texture = new Texture2D(8, 8);
        private readonly Color32[] _pixels = new Color32[64];
        private readonly float[] _pairs = { 2, 0.7f, 0, 0.2f, 1, 0.1f };
        private readonly ClassScore<HandSigns.Label>[] _top = new ClassScore<HandSigns.Label>[2];
        private readonly Pacer _perSecond = Pacer.PerSecond(20);
        private readonly Pacer _everyFrames = Pacer.EveryFrames(2);
        private readonly Pacer _adaptive = Pacer.Adaptive();
        private readonly StableLabel<HandSigns.Label> _sign = new StableLabel<HandSigns.Label>();

        public Game()
        {
            _other.Load();
            Fake.Ready(2);
        }

        public void Frame()
        {
            if (_model.State == ModelState.Ready) _model.TrySubmit(_texture);
            if (_everyFrames.IsDue()) _model.TrySubmit(_pixels, 8, 8);
            if (_perSecond.IsDue() || _adaptive.IsDue()) _model.TrySubmitCamera();
            _other.TrySubmit(_texture);
            Fake.FinishWith(_pairs);
            Fake.FinishWith(_pairs, 2);
            Stub.Frame();
            Look(_model);
            Look(_other);
            if (_model.Error.Length > 0 || _model.ErrorCode != ErrorCode.None || _model.Progress < 1) throw new Exception();
            if (_model.Stats.Submitted < 0 || _model.Load().IsCancelled) throw new Exception();
        }

        private void Look(HandSigns model)
        {
            if (!model.TryGetResult(out var result)) throw new Exception();
            if (_sign.Add(result)) _sign.Reset();
            if (_sign.Label == HandSigns.Label.One || _sign.ScoreOf(HandSigns.Label.One) > 1) throw new Exception();
            if (result.CopyTop(_top) != 2 || _top[0].Score < _top[1].Score) throw new Exception();
            if (result.ScoreOf(HandSigns.Label.One) > 1) throw new Exception();
            foreach (var entry in result)
                if (entry.Label == HandSigns.Label.Seven && entry.Score > 1) throw new Exception();
        }
    }

    private static Prediction<HandSigns.Label> Polled(HandSigns model, float score)
    {
        model.TrySubmit(new Texture2D(8, 8));
        Fake.Finish(1, score);
        Check.True(model.TryGetResult(out var result), "a result");
        return result;
    }
}
