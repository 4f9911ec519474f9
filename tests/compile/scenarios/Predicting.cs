using System;
using System.Collections;
using System.Collections.Generic;
using System.Threading.Tasks;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

public static class Predicting
{
    public static void WaitsForTheModelAndDeconstructs()
    {
        var model = new HandSigns();
        var said = Say(model);
        Check.Frames();
        Check.Equal(0, Fake.Submits);
        Fake.Ready(1);
        Check.Frames(1);
        Check.Equal(1, Fake.Submits);
        Check.Equal(Fake.Queue, Fake.LastFlags & Fake.Queue);
        Check.True(!said.IsCompleted, "the inference is in flight");
        Fake.Finish();
        Check.Frames(1);
        Check.Equal("Seven 0.7", said.Result);
    }

    public static void ReadyModelIsAskedAtOnce()
    {
        var model = Ready();
        var operation = model.Predict(new Texture2D(8, 8));
        Check.Equal(1, Fake.Submits);
        Check.Equal(0, operation.Result.Count);
        Fake.Finish();
        Check.Frames(1);
        Check.True(operation.Succeeded, "done");
    }

    public static void AllClassesAreThereBestFirst()
    {
        var result = Finished(Ready());
        Check.Equal(3, result.Count);
        Check.Equal("Seven 0.700", result[0].ToString());
        result[0].Deconstruct(out var best, out var bestScore);
        Check.Equal(result.Label + " " + result.Score, best + " " + bestScore);
        Check.Equal(HandSigns.Label.Zero, result[1].Label);
        Check.Equal(0.1f, result[2].Score);
        Check.Equal(0.2f, result.ScoreOf(HandSigns.Label.Zero));
        Check.Equal("seven!", HandSigns.LabelText(result.Label));
        var seen = new List<string>();
        foreach (var entry in result) seen.Add(entry.Label + "=" + entry.Score);
        Check.Equal("Seven=0.7 Zero=0.2 One=0.1", string.Join(" ", seen));
        try
        {
            Check.Equal(result[3], result[0]);
        }
        catch (ArgumentOutOfRangeException)
        {
            return;
        }
        throw new Exception("rank 3 of 3 was given");
    }

    public static void ClassesBeyondTheReportedOnesAreNaN()
    {
        var model = Ready();
        var operation = model.Predict(new Texture2D(8, 8));
        Fake.FinishWith(new[] { 1, 0.9f });
        Check.Frames(1);
        Check.Equal(1, operation.Result.Count);
        Check.True(float.IsNaN(operation.Result.ScoreOf(HandSigns.Label.Zero)), "unknown");
        Check.True(float.IsNaN(default(Prediction<HandSigns.Label>).ScoreOf(HandSigns.Label.One)), "empty");
    }

    public static void SeveralAwaitsGetTheirOwnResults()
    {
        var model = Ready();
        var first = model.Predict(new Texture2D(8, 8));
        var second = model.Predict(new Texture2D(8, 8));
        Fake.Finish(1, 0.6f);
        Fake.Finish(1, 0.5f);
        Check.Frames(1);
        Check.Equal(0.6f, first.Result.Score);
        Check.Equal(0.5f, second.Result.Score);
        Check.True(first.Result.Frame < second.Result.Frame, "frames grow");
        Check.Equal(0.6f, first.Result[0].Score);
    }

    public static void AllThatWaitForTheModelAreSubmittedTogether()
    {
        var model = new HandSigns();
        for (var i = 0; i < 3; i++) model.Predict(new Texture2D(8, 8));
        Fake.Ready(1);
        Check.Frames(1);
        Check.Equal(3, Fake.Submits);
    }

    public static void FullQueueIsTriedAgain()
    {
        var model = Ready();
        var operations = new List<PredictOperation<Prediction<HandSigns.Label>>>();
        for (var i = 0; i < 70; i++) operations.Add(model.Predict(new Texture2D(8, 8)));
        Check.Equal(65, Fake.Submits);
        for (var i = 0; i < 100; i++)
        {
            Fake.Finish();
            Check.Frames(1);
        }
        Check.Equal(70, Fake.Submits);
        Check.Equal(70, operations[69].Result.Frame);
        Check.True(operations.TrueForAll(operation => operation.Succeeded), "all came through");
    }

    public static void FailedInferenceFailsItsOwnAwaitOnly()
    {
        var model = Ready();
        var first = Say(model);
        var second = Say(model);
        Fake.FinishFailed(108, "An inference failed: out of memory.");
        Fake.Finish();
        Check.Frames(1);
        var exception = Check.Thrown<BridgeException>(first);
        Check.Equal(ErrorCode.PredictFailed, exception.Code);
        Check.Equal("An inference failed: out of memory.", exception.Message);
        Check.Equal("Seven 0.7", second.Result);
        Check.Equal(ModelState.Ready, model.State);
    }

    public static void ModelThatFailsLaterFailsEveryAwait()
    {
        var model = Ready();
        var first = Say(model);
        Fake.Fail(1, 111, "The WebGL context of the game was lost.");
        Check.Frames(1);
        Check.Equal(ErrorCode.ContextLost, Check.Thrown<BridgeException>(first).Code);
        Check.Equal(ErrorCode.ContextLost, Check.Thrown<BridgeException>(Say(model)).Code);
        Check.LogIsEmpty();
    }

    public static void ExceptionInAContinuationStopsNobodyElse()
    {
        var model = Ready();
        model.Predict(new Texture2D(8, 8)).GetAwaiter().OnCompleted(() => throw new Exception("mine"));
        var second = Say(model);
        Fake.Finish();
        Fake.Finish();
        Check.Frames(1);
        Check.Equal("Seven 0.7", second.Result);
        Check.Equal("exception: mine", string.Join("\n", Stub.Logs));
    }

    public static void DisposeInAContinuationIsFine()
    {
        var model = Ready();
        var other = new HandSigns();
        other.Load();
        Fake.Ready(2);
        model.Predict(new Texture2D(8, 8)).GetAwaiter().OnCompleted(model.Dispose);
        var second = Say(model);
        Fake.Finish();
        Check.Frames(3);
        Check.Thrown<OperationCanceledException>(second);
        var third = Say(other);
        Fake.Finish(2);
        Check.Frames(1);
        Check.Equal("Seven 0.7", third.Result);
    }

    public static void TwoModelsDoNotMix()
    {
        var first = Ready();
        var second = new HandSigns();
        second.Load();
        Fake.Ready(2);
        Check.Frames(1);
        var a = Say(first);
        var b = Say(second);
        Fake.Finish(2, 0.4f);
        Check.Frames(1);
        Check.True(!a.IsCompleted, "the first still waits");
        Check.Equal("Seven 0.4", b.Result);
        first.Dispose();
        Check.Equal(1, Fake.Live());
        Check.Frames(1);
        Check.Thrown<OperationCanceledException>(a);
        Check.Equal(ModelState.Ready, second.State);
    }

    public static void CoroutinesCanYieldOperations()
    {
        var model = new HandSigns();
        var said = new List<string>();
        new MonoBehaviour().StartCoroutine(Routine(model, said));
        Check.Frames();
        Fake.Ready(1);
        Check.Frames();
        Fake.Finish();
        Check.Frames();
        Check.Equal("loaded,Seven", string.Join(",", said));
    }

    public static void OperationThatIsNotDoneGivesNoResult()
    {
        try
        {
            Ready().Predict(new Texture2D(8, 8)).GetAwaiter().GetResult();
        }
        catch (InvalidOperationException exception)
        {
            Check.Contains("await it", exception.Message);
            return;
        }
        throw new Exception("blocked or answered");
    }

    public static void CameraIsAskedUntilItHasAFrame()
    {
        Fake.SetCamera(0);
        var model = Ready();
        var operation = model.PredictCamera(SourceFlags.Mirror);
        Check.Frames();
        Check.Equal(0, Fake.Submits);
        Fake.SetCamera(1);
        Check.Frames();
        Check.Equal(Fake.PathCamera, Fake.LastPath);
        Check.Equal(Fake.Mirror | Fake.Queue, Fake.LastFlags);
        Fake.Finish();
        Check.Frames(1);
        Check.True(operation.Succeeded, "done");
    }

    public static void RefusedCameraSaysWhy()
    {
        Fake.SetCamera(-1);
        var model = Ready();
        Fake.SetError(1, 110, "The camera could not be opened: NotAllowedError.");
        var operation = model.PredictCamera();
        Check.Equal(ErrorCode.CameraFailed, operation.ErrorCode);
        Check.Equal("The camera could not be opened: NotAllowedError.", operation.Error);
    }

    public static HandSigns Ready()
    {
        var model = new HandSigns();
        model.Load();
        Fake.Ready(1);
        Check.Frames(1);
        return model;
    }

    private static Prediction<HandSigns.Label> Finished(HandSigns model)
    {
        var operation = model.Predict(new Texture2D(8, 8));
        Fake.Finish();
        Check.Frames(1);
        return operation.Result;
    }

    private static async Task<string> Say(HandSigns model) => Text(await model.Predict(new Texture2D(8, 8)));

    // What `var (label, score) = result` means; Mono's compiler knows no Deconstruct.
    private static string Text(Prediction<HandSigns.Label> result)
    {
        result.Deconstruct(out var label, out var score);
        return label + " " + score;
    }

    private static IEnumerator Routine(HandSigns model, ICollection<string> said)
    {
        yield return model.Load();
        said.Add("loaded");
        var operation = model.Predict(new Texture2D(8, 8));
        yield return operation;
        said.Add(operation.Result.Label.ToString());
    }
}
