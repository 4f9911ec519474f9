using System.Collections;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

// Scripts as a Unity developer writes them.

public sealed class Awaiting : MonoBehaviour
{
    [SerializeField] private Texture2D _photo = null;

    private async void Start()
    {
        using (var model = new HandSigns())
        {
            await model.Load();
            var result = await model.Predict(_photo);
            Debug.Log(HandSigns.LabelText(result.Label) + " " + result.Score);
            foreach (var entry in result) Debug.Log(entry.Label + " " + entry.Score);
            Debug.Log(result.ScoreOf(HandSigns.Label.Seven));
        }
    }
}

public sealed class EveryFrame : MonoBehaviour
{
    [SerializeField] private RenderTexture _view = null;

    private HandSigns _model;

    private void Start()
    {
        _model = new HandSigns(PreferredBackend.WebGL);
        _model.Load();
    }

    private void Update()
    {
        if (_model.State == ModelState.Failed) enabled = false;
        if (_model.State == ModelState.Ready) _model.TrySubmit(_view);
        if (_model.TryGetResult(out var result) && result.Label == HandSigns.Label.Seven) Debug.Log(result.Score);
    }

    private void OnDestroy() => _model.Dispose();
}

public sealed class Yielding : MonoBehaviour
{
    private IEnumerator Start()
    {
        var model = new HandSigns();
        yield return model.Load();
        var prediction = model.PredictCamera(SourceFlags.Mirror);
        yield return prediction;
        Debug.Log(prediction.Succeeded ? prediction.Result.ToString() : prediction.Error);
        model.Dispose();
    }
}
