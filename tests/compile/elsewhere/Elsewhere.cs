using System.Threading.Tasks;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

/// <summary>The editor and players other than WebGL.</summary>
public static class Elsewhere
{
    public static void SaysOnceThatThereIsNoBrowser()
    {
        Stub.Platform = RuntimePlatform.LinuxEditor;
        var model = new HandSigns();
        model.Load();
        for (var i = 0; i < 3; i++)
        {
            Check.True(!model.TrySubmit(new Texture2D(8, 8)), "not taken");
            Check.True(!model.TrySubmitCamera(), "not taken");
            Check.True(!model.TryGetResult(out _), "no result");
            Check.Frames(1);
        }
        new HandSigns().Load();
        Check.Equal(ModelState.Failed, model.State);
        Check.Equal(ErrorCode.NotWebGL, model.ErrorCode);
        Check.Equal(0, model.Stats.Submitted);
        Check.Equal("warning: [TfjsBridge] " + model.Error, string.Join("\n", Stub.Logs));
        Check.Contains("Inference runs only in WebGL players; this is LinuxEditor.", model.Error);
        Check.Contains("Build for WebGL", model.Error);
        Check.Equal(0, Stub.Behaviours.Count);
    }

    public static void AwaitingThrows()
    {
        var model = new HandSigns();
        Check.Equal(ErrorCode.NotWebGL, Check.Thrown<BridgeException>(Load(model)).Code);
        Check.Equal(ErrorCode.NotWebGL, Check.Thrown<BridgeException>(Predict(model)).Code);
        model.Dispose();
        Check.Equal(ModelState.Disposed, model.State);
    }

    public static void WarnsAgainInTheNextPlayMode()
    {
        new HandSigns().Load();
        Stub.EnterPlayMode(typeof(Model).Assembly);
        new HandSigns().Load();
        Check.Equal(2, Stub.Logs.Count);
    }

    private static async Task Load(HandSigns model) => await model.Load();

    private static async Task Predict(HandSigns model) => await model.Predict(new Texture2D(8, 8));
}
