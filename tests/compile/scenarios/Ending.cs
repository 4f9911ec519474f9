using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

/// <summary>How operations end that nobody wants any more.</summary>
public static class Ending
{
    public static void SettledAwaitsNeverThrow()
    {
        var said = new List<string>();
        var model = Predicting.Ready();
        Say(model, said);
        Fake.Finish();
        Check.Frames(1);
        Say(model, said);
        Fake.FinishFailed(108, "An inference failed: out of memory.");
        Check.Frames(1);
        Say(model, said);
        model.Dispose();
        Check.Frames(1);
        Say(model, said);
        Check.Frames(1);
        Check.Equal("Seven,PredictFailed,cancelled,cancelled", string.Join(",", said));
        Check.LogIsEmpty();
    }

    public static void DisposeIsAnErrorInAsyncVoidUnlessSettled()
    {
        SynchronizationContext.SetSynchronizationContext(new LikeUnity());
        var model = Predicting.Ready();
        Throwing(model);
        Say(model, new List<string>());
        model.Dispose();
        Check.Frames(1);
        Check.Equal("exception: The model was disposed, or the prediction was given up.", string.Join("\n", Stub.Logs));
    }

    public static void SettledLoadTellsItsEnd()
    {
        var model = new HandSigns();
        var loaded = Settle(model.Load());
        Fake.Fail(1, 105, "model.json is not the file that was generated.");
        Check.Frames(1);
        Check.Equal("False HashMismatch model.json is not the file that was generated.", loaded.Result);
        Check.Equal("error: [TfjsBridge] hand-signs: model.json is not the file that was generated.", string.Join("\n", Stub.Logs));
    }

    public static void AGivenUpPredictionEndsAtOnceAndItsResultIsThrownAway()
    {
        var model = Predicting.Ready();
        var first = model.Predict(new Texture2D(8, 8));
        var second = model.Predict(new Texture2D(8, 8));
        first.Cancel();
        first.Cancel();
        Check.True(first.IsDone && first.IsCancelled && !first.Succeeded, "given up");
        Fake.Finish(1, 0.6f);
        Fake.Finish(1, 0.5f);
        Check.Frames(1);
        Check.Equal(0, first.Result.Count);
        Check.Equal(0.5f, second.Result.Score);
        Check.True(!model.TryGetResult(out _), "nor is it polled");
        second.Cancel();
        Check.True(second.Succeeded, "too late");
    }

    public static void AGivenUpPredictionThatWaitsIsNeverSubmitted()
    {
        var model = new HandSigns();
        var token = new CancellationTokenSource();
        var first = model.Predict(new Texture2D(8, 8));
        var second = model.Predict(new Texture2D(8, 8));
        token.Token.Register(first.Cancel);
        token.Cancel();
        Fake.Ready(1);
        Check.Frames(1);
        Check.Equal(1, Fake.Submits);
        Fake.Finish();
        Check.Frames(1);
        Check.True(first.IsCancelled && second.Succeeded, "only the other one");
    }

    private static async void Say(HandSigns model, ICollection<string> said)
    {
        var prediction = await model.Predict(new Texture2D(8, 8)).Settled();
        said.Add(prediction.Succeeded ? prediction.Result.Label.ToString()
            : prediction.IsCancelled ? "cancelled" : prediction.ErrorCode.ToString());
    }

    private static async void Throwing(HandSigns model) => await model.Predict(new Texture2D(8, 8));

    private static async Task<string> Settle(LoadOperation loading)
    {
        var load = await loading.Settled();
        return load.Succeeded + " " + load.ErrorCode + " " + load.Error;
    }

    /// <summary>Where the exceptions of async void methods end in Unity.</summary>
    private sealed class LikeUnity : SynchronizationContext
    {
        public override void Post(SendOrPostCallback callback, object state)
        {
            try
            {
                callback(state);
            }
            catch (Exception exception)
            {
                Debug.LogException(exception);
            }
        }
    }
}
