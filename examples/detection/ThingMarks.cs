using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

/// <summary>Marks what the webcam sees: put it on any object of a scene.</summary>
public class ThingMarks : MonoBehaviour
{
    private readonly Detection<Things.Label>[] _found = new Detection<Things.Label>[Things.MaxDetections];
    private Things _model;
    private WebCamTexture _webcam;
    private int _count;

    private void Start()
    {
        _model = new Things();
        _model.Load();
        _webcam = new WebCamTexture();
        _webcam.Play();
    }

    private void Update()
    {
        if (_model.State == ModelState.Ready) _model.TrySubmit(_webcam); // a newer frame replaces one that still waits
        if (_model.TryGetDetections(_found, out var count)) _count = count;
    }

    private void OnGUI()
    {
        var screen = new Rect(0, 0, Screen.width, Screen.height);
        GUI.DrawTexture(screen, _webcam);
        for (var i = 0; i < _count; i++)
        {
            var box = _found[i].In(screen); // y goes up there, and down in OnGUI
            var place = new Rect(box.x, screen.height - box.y - box.height, box.width, box.height);
            GUI.Box(place, Things.LabelText(_found[i].Label));
        }
    }

    private void OnDestroy()
    {
        _model?.Dispose();
        if (_webcam != null) _webcam.Stop();
    }
}
