using System;
using System.Collections;
using System.Collections.Generic;
using System.Reflection;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

public static class Scenes
{
    /// <summary>A script of the game.</summary>
    private sealed class Player : MonoBehaviour
    {
        public static readonly List<string> Seen = new List<string>();

        private readonly Texture2D _texture = new Texture2D(8, 8);
        private HandSigns _model;

        private void Start() => _model = new HandSigns();

        private void Update()
        {
            _model.TrySubmit(_texture);
            if (_model.TryGetResult(out var result)) Seen.Add(result.Label.ToString());
        }

        private async void Ask()
        {
            var prediction = await _model.Predict(_texture).Settled();
            Seen.Add(prediction.IsCancelled + (this == null ? " gone" : " there"));
        }

        private void OnDestroy() => _model.Dispose();
    }

    public static void ReloadedScenesLeaveNothingBehind()
    {
        for (var handle = 1; handle <= 5; handle++)
        {
            var player = Enter();
            Check.Frames(1);
            Fake.Ready(handle);
            Check.Frames(1);
            Fake.Finish(handle);
            Check.Frames(1);
            Check.Equal(handle, Player.Seen.Count);
            Check.Equal(1, Fake.Live());
            Stub.LoadScene();
            Check.True(player == null, "destroyed");
            Check.Equal(0, Fake.Live());
        }
        Check.Frames();
        Check.Equal(1, Stub.Behaviours.FindAll(behaviour => behaviour != null).Count); // the pump
        Check.LogIsEmpty();
    }

    public static void AwaitsOfADestroyedScriptEndQuietly()
    {
        var player = Enter();
        Check.Frames(1);
        Stub.Send(player, "Ask");
        Stub.LoadScene();
        Check.Frames(1);
        Check.Equal("True gone", string.Join(",", Player.Seen));
        Check.LogIsEmpty();
    }

    public static void AModelMayOutliveScenes()
    {
        var model = Predicting.Ready();
        var operation = model.Predict(new Texture2D(8, 8));
        Stub.LoadScene();
        Fake.Finish();
        Check.Frames(1);
        Check.True(operation.Succeeded, "the pump lives through scene changes");
        model.TrySubmit(new Texture2D(8, 8));
        Stub.LoadScene();
        Fake.Finish();
        Check.True(model.TryGetResult(out _), "polled results too");
    }

    public static void APumpThatTheGameDestroysComesBackWithPredictAndLoad()
    {
        var model = Predicting.Ready();
        UnityEngine.Object.Destroy(Stub.Behaviours[0]);
        var operation = model.Predict(new Texture2D(8, 8));
        Fake.Finish();
        Check.Frames(1);
        Check.True(operation.Succeeded, "predicted");
        var other = new HandSigns();
        other.Load();
        UnityEngine.Object.Destroy(Stub.Behaviours[1]);
        Check.True(!other.Load().IsDone, "loading");
        Fake.Ready(2);
        Check.Frames(1);
        Check.True(other.Load().IsDone, "loaded");
    }

    public static void ModelsCanBeDisposedWhileOthersRun()
    {
        var models = new List<HandSigns>();
        for (var handle = 1; handle <= 4; handle++)
        {
            models.Add(new HandSigns());
            models[handle - 1].Load();
            Fake.Ready(handle);
        }
        Check.Frames(1);
        foreach (var model in models) model.TrySubmit(new Texture2D(8, 8));
        models[1].Dispose();
        // In the middle of the frame in which the others' results arrive.
        models[0].Predict(new Texture2D(8, 8)).GetAwaiter().OnCompleted(models[3].Dispose);
        for (var turn = 0; turn < 2; turn++)
            for (var handle = 1; handle <= 4; handle++) Fake.Finish(handle);
        Check.Frames();
        Check.Equal(2, Fake.Live());
        Check.True(models[0].TryGetResult(out _) && models[2].TryGetResult(out _), "the others go on");
        Check.True(!models[1].TryGetResult(out _) && !models[3].TryGetResult(out _), "these are gone");
        Check.Equal(ModelState.Disposed, models[3].State);
        Check.True(!models[1].TrySubmit(new Texture2D(8, 8)), "nor is there an exception");
        Check.LogIsEmpty();
    }

    public static void NoStaticOutlivesAPlayModeWithoutDomainReload()
    {
        var model = Predicting.Ready();
        model.Predict(new Texture2D(8, 8)).GetAwaiter().OnCompleted(() => { });
        model.Dispose(); // leaves a continuation that waits for the next frame
        new HandSigns().Load();
        Field("ModelHandle", "_hasWarned").SetValue(null, true);
        Check.True(Dirty().Count >= 4, "there is something to reset: " + string.Join(", ", Dirty()));
        Stub.EnterPlayMode(typeof(Model).Assembly);
        Check.Equal("", string.Join(", ", Dirty()));
        Check.Frames(1);
        var next = new HandSigns();
        var load = next.Load();
        Fake.Ready(3);
        Check.Frames(1);
        Check.True(load.Succeeded, "the next play mode works");
    }

    private static Player Enter()
    {
        var player = new GameObject("player").AddComponent<Player>();
        Stub.Send(player, "Start");
        return player;
    }

    private static FieldInfo Field(string type, string name) =>
        typeof(Model).Assembly.GetType("TfjsBridge." + type).GetField(name, BindingFlags.Static | BindingFlags.NonPublic);

    // The static fields of the package that hold anything; scratch buffers hold no state.
    private static List<string> Dirty()
    {
        var dirty = new List<string>();
        foreach (var type in typeof(Model).Assembly.GetTypes())
        foreach (var field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
        {
            if (field.IsLiteral || type == typeof(ModelStats) || type.ContainsGenericParameters) continue;
            var value = field.GetValue(null);
            var isEmpty = value == null || value.Equals(false) || (value as ICollection)?.Count == 0;
            if (!isEmpty) dirty.Add(type.Name + "." + field.Name);
        }
        return dirty;
    }
}
