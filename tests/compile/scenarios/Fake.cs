using System.Runtime.InteropServices;
using System.Text;

/// <summary>The test's side of the fake bridge (fake_abi.c).</summary>
internal static class Fake
{
    public const int PathPixels = 1, PathTexture = 2, PathCamera = 3;
    public const int TopRowFirst = 1, Mirror = 2, Linear = 4, Queue = 8, Rgb24 = 16, Webcam = 32;

    private const int DetectionTask = 2, RawTask = 6;
    private const string Library = "__Internal";

    [DllImport(Library, EntryPoint = "Fake_SetAbi")] public static extern void SetAbi(int version);
    [DllImport(Library, EntryPoint = "Fake_SetContext")] public static extern void SetContext(int present);
    [DllImport(Library, EntryPoint = "Fake_SetCamera")] public static extern void SetCamera(int frames);
    [DllImport(Library, EntryPoint = "Fake_SetRuntime")] public static extern void SetRuntime(int present);
    [DllImport(Library, EntryPoint = "Fake_CameraIs")]
    public static extern void CameraIs(int state, int error = 0, string message = "", int width = 0, int height = 0);
    [DllImport(Library, EntryPoint = "Fake_CameraOpened")] private static extern int CameraOpened(int field);
    [DllImport(Library, EntryPoint = "Fake_Loading")] public static extern void Loading(int handle, float progress);
    [DllImport(Library, EntryPoint = "Fake_Ready")] public static extern void Ready(int handle);
    [DllImport(Library, EntryPoint = "Fake_SetError")] public static extern void SetError(int handle, int code, string message);
    [DllImport(Library, EntryPoint = "Fake_Fail")] public static extern void Fail(int handle, int code, string message);
    [DllImport(Library, EntryPoint = "Fake_Lose")] public static extern void Lose(int handle, string message);
    [DllImport(Library, EntryPoint = "Fake_LoseGame")] public static extern void LoseGame(int code, string message);
    [DllImport(Library, EntryPoint = "Fake_Live")] public static extern int Live();
    [DllImport(Library, EntryPoint = "Fake_Created")] public static extern int Created();
    [DllImport(Library, EntryPoint = "Fake_Finish")] private static extern int FinishPairs(int handle, float[] scores, int pairs);
    [DllImport(Library, EntryPoint = "Fake_FinishPixels")] public static extern int FinishPixels(int handle, int width, int height, int channels);
    [DllImport(Library, EntryPoint = "Fake_Forget")] public static extern void Forget(int handle, int frame);
    [DllImport(Library, EntryPoint = "Fake_DrawnTexture")] public static extern int DrawnTexture();
    [DllImport(Library, EntryPoint = "Fake_DrawnFrame")] public static extern int DrawnFrame();
    [DllImport(Library, EntryPoint = "Fake_FinishTask")] private static extern int FinishNumbers(int handle, int task, float[] numbers, int count);
    [DllImport(Library, EntryPoint = "Fake_Last")] private static extern int Last(int field);
    [DllImport(Library, EntryPoint = "Fake_LastPixels")] private static extern int PixelsOf(byte[] dst, int size);
    [DllImport(Library, EntryPoint = "Fake_Text")] private static extern int TextOf(int which, byte[] dst, int size);

    public static int LastPath => Last(0);
    public static int LastTexture => Last(1);
    public static int LastWidth => Last(2);
    public static int LastHeight => Last(3);
    public static int LastFlags => Last(4);
    public static int LastFrame => Last(5);
    public static int Submits => Last(6);

    public static int CameraOpens => CameraOpened(5);

    /// <summary>What the camera was opened with: facing, width, height, rotation, flags.</summary>
    public static string CameraAsked
    {
        get
        {
            var given = "" + CameraOpened(0);
            for (var field = 1; field < 5; field++) given += " " + CameraOpened(field);
            return given;
        }
    }

    public static string Url => Text(0);
    public static string Hash => Text(1);
    public static string Options => Text(2);

    /// <summary>Ends the inference in flight with class 2 first; returns its frame, 0 when there was none.</summary>
    public static int Finish(int handle = 1, float best = 0.7f) => FinishPairs(handle, new[] { 2, best, 0, 0.2f, 1, 0.1f }, 3);

    /// <summary>Ends it with pairs of class and score.</summary>
    public static int FinishWith(float[] pairs, int handle = 1) => FinishPairs(handle, pairs, pairs.Length / 2);

    /// <summary>Ends it with boxes: class, score, left, top, width and height of each.</summary>
    public static int FinishBoxes(float[] numbers, int handle = 1) => FinishNumbers(handle, DetectionTask, numbers, numbers.Length);

    /// <summary>Ends it with raw numbers: rank, shape and values of each output.</summary>
    public static int FinishRaw(float[] numbers, int handle = 1) => FinishNumbers(handle, RawTask, numbers, numbers.Length);

    /// <summary>Ends it as failed.</summary>
    public static int FinishFailed(int code, string message, int handle = 1)
    {
        SetError(handle, code, message);
        return FinishPairs(handle, null, 0);
    }

    public static byte[] Pixels()
    {
        var bytes = new byte[-PixelsOf(null, 0)];
        PixelsOf(bytes, bytes.Length);
        return bytes;
    }

    private static string Text(int which)
    {
        var bytes = new byte[-TextOf(which, null, 0)];
        TextOf(which, bytes, bytes.Length);
        return Encoding.UTF8.GetString(bytes);
    }
}
