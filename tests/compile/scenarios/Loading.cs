using System;
using System.Threading.Tasks;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

public static class Loading
{
    public static void TakesSeveralFrames()
    {
        var model = new HandSigns();
        Check.Equal(ModelState.NotLoaded, model.State);
        var loaded = Await(model);
        Check.Equal(ModelState.Loading, model.State);
        Fake.Loading(1, 0.5f);
        Check.Frames();
        Check.Equal(0.5f, model.Progress);
        Check.True(!loaded.IsCompleted, "still loading");
        Fake.Ready(1);
        Check.Equal(ModelState.Ready, model.State);
        Check.Frames(1);
        Check.True(loaded.IsCompleted && !loaded.IsFaulted, "loaded");
        Check.Equal(1f, model.Progress);
        Check.LogIsEmpty();
    }

    public static void NamesTheContractItsHashAndTheBackend()
    {
        new HandSigns(PreferredBackend.Wasm).Load();
        Check.Equal("https://game.example/StreamingAssets/tfjs-bridge/hand-signs/contract.json", Fake.Url);
        Check.Equal(HandSigns.ContractHash, Fake.Hash);
        Check.Equal("{\"backend\":\"wasm\",\"keep\":true}", Fake.Options);
        new HandSigns { ContractUrl = "https://cdn.example/é/contract.json" }.Load();
        Check.Equal("https://cdn.example/é/contract.json", Fake.Url);
        Check.Equal("{\"backend\":\"auto\",\"keep\":true}", Fake.Options);
        new HandSigns(PreferredBackend.WebGL) { KeepsFiles = false }.Load();
        Check.Equal("{\"backend\":\"webgl\",\"keep\":false}", Fake.Options);
    }

    public static void GivesTheSameOperationEveryTime()
    {
        var model = new HandSigns();
        var first = Await(model);
        var second = Await(model);
        Check.True(ReferenceEquals(model.Load(), model.Load()), "one operation");
        Check.Equal(1, Fake.Created());
        Fake.Ready(1);
        Check.Frames(1);
        Check.True(first.IsCompleted && second.IsCompleted, "both awaits went on");
        Check.True(model.Load().GetAwaiter().IsCompleted, "later awaits need no frame");
    }

    public static void FailureIsThrownWithItsCodeAndText()
    {
        var model = new HandSigns();
        var loaded = Await(model);
        Fake.Fail(1, 105, "weights.bin is not the file that was generated. Größe!");
        Check.Frames(1);
        var exception = Check.Thrown<BridgeException>(loaded);
        Check.Equal(ErrorCode.HashMismatch, exception.Code);
        Check.Equal("weights.bin is not the file that was generated. Größe!", exception.Message);
        Check.Equal(ModelState.Failed, model.State);
        Check.Equal(ErrorCode.HashMismatch, model.ErrorCode);
        Check.Equal(exception.Message, model.Error);
        Check.LogIsEmpty();
    }

    public static void FailureThatNobodyAwaitsIsLoggedOnce()
    {
        var model = new HandSigns();
        var load = model.Load();
        Fake.Fail(1, 102, "contract.json could not be fetched");
        Check.Frames(5);
        Check.Equal("error: [TfjsBridge] hand-signs: contract.json could not be fetched", string.Join("\n", Stub.Logs));
        Check.True(load.IsDone && !load.Succeeded && load.ErrorCode == ErrorCode.FetchFailed, "the operation knows");
        Check.True(!model.TrySubmit(new Texture2D(8, 8)), "polling goes on without exceptions");
        Check.Equal(SubmitCode.Failed, model.LastSubmit);
        Check.True(!model.TryGetResult(out _), "no result");
    }

    public static void StaleFileIsNamedOnceWhereNobodyAwaits()
    {
        const string Text = "https://game.example/StreamingAssets/tfjs-bridge/hand-signs/contract.json is not the file that " +
            "was generated (SHA-256 differs). Publish StreamingAssets/tfjs-bridge anew, all files from one build.";
        var model = new HandSigns();
        model.TrySubmit(new Texture2D(8, 8));
        Check.Equal(HandSigns.ContractHash, Fake.Hash);
        Fake.Fail(1, 105, Text);
        for (var i = 0; i < 3; i++)
        {
            Check.Frames(1);
            Check.True(!model.TrySubmit(new Texture2D(8, 8)), "refused");
            Check.Equal(ErrorCode.HashMismatch, model.Predict(new Texture2D(8, 8)).ErrorCode);
        }
        Check.Equal(ErrorCode.HashMismatch, model.ErrorCode);
        Check.Equal(Text, model.Error);
        Check.Equal("error: [TfjsBridge] hand-signs: " + Text, string.Join("\n", Stub.Logs));
    }

    public static void LongErrorTextIsComplete()
    {
        var model = new HandSigns();
        model.Load();
        var text = new string('x', 900);
        Fake.Fail(1, 107, text);
        Check.Equal(text, model.Error);
        Check.True(ReferenceEquals(model.Error, model.Error), "decoded once");
        Fake.SetError(1, 107, "short");
        Check.Equal("short", model.Error);
    }

    public static void AbiMismatchIsRefusedBeforeCreate()
    {
        Fake.SetAbi(9);
        var model = new HandSigns();
        var exception = Check.Thrown<BridgeException>(Await(model));
        Check.Equal(0, Fake.Created());
        Check.Equal(ErrorCode.AbiMismatch, exception.Code);
        Check.Contains("ABI 9 of TfjsBridge.jslib does not fit ABI 1 of the C# files of com.tfjsbridge.runtime.", exception.Message);
        Check.Contains("come from different versions of tfjs-for-unity", exception.Message);
        Check.Contains("rebuild the player, and publish Build and StreamingAssets together.", exception.Message);
        Check.Equal(ModelState.Failed, model.State);
        Check.True(!model.TrySubmit(new Texture2D(8, 8)), "no throw");
        Check.Equal(exception.Message, Check.Thrown<BridgeException>(Predict(model)).Message);
        Check.Equal("error: [TfjsBridge] " + exception.Message, string.Join("\n", Stub.Logs));
    }

    public static void DisposeWhileLoadingCancels()
    {
        var model = new HandSigns();
        var loaded = Await(model);
        var predicted = Predict(model);
        Check.Equal(1, Fake.Live());
        model.Dispose();
        model.Dispose();
        Check.Equal(0, Fake.Live());
        Check.True(!loaded.IsCompleted, "nothing runs inside Dispose");
        Check.Frames(1);
        Check.Thrown<OperationCanceledException>(loaded);
        Check.Thrown<OperationCanceledException>(predicted);
        Check.Equal(ModelState.Disposed, model.State);
        Check.True(!model.TrySubmit(new Texture2D(8, 8)) && !model.TryGetResult(out _), "polling is quiet");
        Check.Thrown<OperationCanceledException>(Predict(model));
    }

    public static void DisposeBeforeLoadIsQuiet()
    {
        var model = new HandSigns();
        model.Dispose();
        Check.Thrown<OperationCanceledException>(Await(model));
        Check.Equal(0, Fake.Created());
        Check.LogIsEmpty();
    }

    public static void PumpThatTheGameDestroysIsMadeAnew()
    {
        var model = new HandSigns();
        var loaded = Await(model);
        Check.Equal(1, Stub.Behaviours.Count);
        UnityEngine.Object.Destroy(Stub.Behaviours[0]);
        Fake.Ready(1);
        Check.Frames(1);
        Check.True(!loaded.IsCompleted, "nobody looks");
        model.TrySubmit(new Texture2D(8, 8));
        Check.Equal(2, Stub.Behaviours.Count);
        Check.Frames(1);
        Check.True(loaded.IsCompleted, "looked after again");
    }

    public static void DisposedModelsAreCollected()
    {
        var models = new WeakReference[50];
        for (var i = 0; i < models.Length; i++) models[i] = LoadedAndDisposed();
        GC.Collect();
        // Mono's collector guesses what lies on the stack, so that a few may stay.
        Check.True(Array.FindAll(models, model => model.IsAlive).Length < 5, "nothing holds them");
    }

    private static WeakReference LoadedAndDisposed()
    {
        var model = new HandSigns();
        model.Load();
        model.Dispose();
        return new WeakReference(model);
    }

    private static async Task Await(HandSigns model) => await model.Load();

    private static async Task Predict(HandSigns model) => await model.Predict(new Texture2D(8, 8));
}
