using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

/// <summary>
/// Shows the webcam's picture in another style, and where there is a mask model, only the person in it: the shader of _screen
/// mixes _MainTex and _Styled by _Mask (<c>lerp(tex2D(_MainTex, uv), tex2D(_Styled, uv), tex2D(_Mask, uv).r)</c>).
/// </summary>
public class StyledPeople : MonoBehaviour
{
    [SerializeField] private Renderer _screen = null;

    private Style _style;
    private WebCamTexture _webcam;
    private Texture2D _styled;

    private void Start()
    {
        _style = new Style();
        _style.Load();
        _webcam = new WebCamTexture();
        _webcam.Play();
        _screen.material.mainTexture = _webcam;
    }

    private void Update()
    {
        if (_style.State == ModelState.Ready) _style.TrySubmit(_webcam);
        if (_style.TryGetResult(ref _styled)) _screen.material.SetTexture("_Styled", _styled);
    }

    /// <summary>For a photo instead of a game's frames: three arrays of one size, mixed into <paramref name="photo"/>.</summary>
    public static bool PutBefore(byte[] photo, byte[] styled, byte[] mask) => Blending.Blend(photo, styled, mask, photo);

    private void OnDestroy()
    {
        _style?.Dispose();
        if (_webcam != null) _webcam.Stop();
        if (_styled != null) Destroy(_styled);
    }
}
