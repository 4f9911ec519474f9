using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

/// <summary>
/// Cuts the person out of the webcam's picture: put it on an object whose material has a shader with _MainTex and _Mask, for
/// example one that clips where _Mask is 0.
/// </summary>
public class PeopleMask : MonoBehaviour
{
    [SerializeField] private Renderer _screen = null;

    private People _model;
    private WebCamTexture _webcam;
    private Texture2D _mask;

    private void Start()
    {
        _model = new People();
        _model.Load();
        _webcam = new WebCamTexture();
        _webcam.Play();
        _screen.material.mainTexture = _webcam;
    }

    private void Update()
    {
        if (_model.State == ModelState.Ready) _model.TrySubmit(_webcam); // a newer frame replaces one that still waits
        if (_model.TryGetResult(ref _mask)) _screen.material.SetTexture("_Mask", _mask);
    }

    private void OnDestroy()
    {
        _model?.Dispose();
        if (_webcam != null) _webcam.Stop();
        if (_mask != null) Destroy(_mask);
    }
}
