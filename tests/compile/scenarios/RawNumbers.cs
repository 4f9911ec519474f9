using System;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

public static class RawNumbers
{
    // [1, 3] and a number without axes.
    private static readonly float[] Two = { 2, 1, 3, 0.125f, 0.5f, -4, 0, 7 };

    public static void OutputsHaveNamesShapesAndValues()
    {
        var operation = Ready().Predict(new Texture2D(8, 8));
        Fake.FinishRaw(Two);
        Check.Frames(1);
        var found = operation.Result;
        var age = found[Numbers.Output.AgeOutput];
        Check.Equal(2, found.Count);
        Check.Equal("2: 1 x 3, 3 numbers", age.Rank + ": " + age.SizeOf(0) + " x " + age.SizeOf(1) + ", " + age.Length + " numbers");
        Check.Equal(-4f, age[2]);
        Check.Equal("[1, 3] 0.125 0.5 -4", age.ToString());
        Check.Equal(0, found[Numbers.Output.Count_].Rank);
        Check.Equal(7f, found[Numbers.Output.Count_][0]);
    }

    public static void PolledOnesGoIntoTheCallersArray()
    {
        var model = Ready();
        var found = Polled(model, Two);
        var into = new float[2];
        Check.Equal(2, found[Numbers.Output.AgeOutput].CopyTo(into));
        Check.Equal(0.5f, into[1]);
        Check.Equal(0, found[Numbers.Output.AgeOutput].CopyTo(null));
        Check.True(!model.TryGetResult(out _), "each one once");
    }

    public static void SharedOnesAreNeverSilentlyOld()
    {
        var model = Ready();
        var old = Polled(model, Two);
        var age = old[Numbers.Output.AgeOutput];
        var kept = old.Copy();
        Polled(model, new float[] { 2, 1, 1, 9, 0, 8 });
        Check.Equal(0.5f, kept[Numbers.Output.AgeOutput][1]);
        Check.Equal(0, age.CopyTo(new float[3]));
        try
        {
            Check.Equal(0.5f, age[1]);
        }
        catch (InvalidOperationException exception)
        {
            Check.Contains("Copy()", exception.Message);
            return;
        }
        throw new Exception("old numbers were given");
    }

    public static void FramesMakeNoGarbage()
    {
        var model = Ready();
        var source = new Texture2D(64, 64);
        var into = new float[3];
        for (var i = 0; i < 100; i++) Frame(model, source, into);
        var before = GC.GetTotalMemory(true);
        for (var i = 0; i < 20000; i++) Frame(model, source, into);
        var grown = GC.GetTotalMemory(false) - before;
        Check.True(grown < 20000, "20000 frames allocate " + grown + " bytes");
    }

    private static void Frame(Numbers model, Texture2D source, float[] into)
    {
        model.TrySubmit(source);
        Fake.FinishRaw(Two);
        Check.Frames(1);
        if (!model.TryGetResult(out var found) || found[Numbers.Output.AgeOutput].CopyTo(into) != 3 || into[2] != -4)
            throw new Exception("no numbers");
    }

    private static Numbers Ready()
    {
        var model = new Numbers();
        model.Load();
        Fake.Ready(1);
        Check.Frames(1);
        return model;
    }

    private static RawResult<Numbers.Output> Polled(Numbers model, float[] numbers)
    {
        model.TrySubmit(new Texture2D(8, 8));
        Fake.FinishRaw(numbers);
        Check.True(model.TryGetResult(out var found), "a result");
        return found;
    }
}
