using System;
using System.Collections.Generic;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

public static class Detecting
{
    private static readonly float[] Two = { 1, 0.75f, 0.25f, 0.125f, 0.5f, 0.25f, 0, 0.5f, 0, 0, 1, 1 };

    public static void BoxesHaveUnitysOrigin()
    {
        var found = Finished(Ready(), Two);
        Check.Equal(2, found.Count);
        Check.Equal(Things.Label.TrafficLight, found[0].Label);
        Check.Equal(0.75f, found[0].Score);
        Check.Equal("(x:0.25, y:0.625, width:0.5, height:0.25)", found[0].Box.ToString());
        Check.Equal("(x:0, y:0, width:1, height:1)", found[1].Box.ToString());
        Check.Equal("(x:35, y:145, width:50, height:50)", found[0].In(new Rect(10, 20, 100, 200)).ToString());
        Check.Equal("traffic light", Things.LabelText(found[0].Label));
    }

    public static void AwaitedOnesAreEnumeratedAndDeconstructed()
    {
        var seen = new List<string>();
        foreach (var found in Finished(Ready(), Two))
        {
            found.Deconstruct(out var box, out var label, out var score);
            seen.Add(label + " " + score + " " + box.width);
        }
        Check.Equal("TrafficLight 0.75 0.5,Cat 0.5 1", string.Join(",", seen));
    }

    public static void NothingFoundIsAResult()
    {
        var model = Ready();
        model.TrySubmit(new Texture2D(8, 8));
        Fake.FinishBoxes(new float[0]);
        Check.True(model.TryGetResult(out var found), "a result");
        Check.Equal(0, found.Count);
        Check.Equal(1, found.Frame);
        Check.Equal(0, found.Copy().Count);
        Check.Equal(0, Finished(model, new float[0]).Count);
    }

    public static void PolledOnesGoIntoTheCallersArray()
    {
        var model = Ready();
        var into = new Detection<Things.Label>[Things.MaxDetections];
        Check.True(!model.TryGetDetections(into, out var none) && none == 0, "nothing yet");
        model.TrySubmit(new Texture2D(8, 8));
        Fake.FinishBoxes(Two);
        Check.True(model.TryGetDetections(into, out var count), "a result");
        Check.Equal(2, count);
        Check.Equal(Things.Label.Cat, into[1].Label);
        Check.True(!model.TryGetDetections(into, out _), "each one once");
        model.TrySubmit(new Texture2D(8, 8));
        Fake.FinishBoxes(Two);
        Check.True(model.TryGetDetections(new Detection<Things.Label>[1], out var one), "a short array");
        Check.Equal(1, one);
        model.TrySubmit(new Texture2D(8, 8));
        Fake.FinishBoxes(Two);
        Check.True(model.TryGetDetections(null, out var nowhere), "no array");
        Check.Equal(0, nowhere);
    }

    public static void SharedOnesAreNeverSilentlyOld()
    {
        var model = Ready();
        var old = Polled(model, Two);
        var kept = old.Copy();
        Polled(model, new[] { 0, 0.9f, 0, 0, 1, 0.5f });
        Check.Equal(0.75f, kept[0].Score);
        Check.Equal(0, old.CopyTo(new Detection<Things.Label>[3]));
        try
        {
            Check.Equal(0.75f, old[0].Score);
        }
        catch (InvalidOperationException exception)
        {
            Check.Contains("Copy()", exception.Message);
            return;
        }
        throw new Exception("old detections were given");
    }

    public static void ResultsOfAnotherTaskAreNone()
    {
        var model = Ready();
        model.TrySubmit(new Texture2D(8, 8));
        Fake.Finish();
        Check.True(!model.TryGetResult(out _), "scores are no boxes");
    }

    public static void FramesMakeNoGarbage()
    {
        var model = Ready();
        var source = new Texture2D(64, 64);
        var into = new Detection<Things.Label>[Things.MaxDetections];
        for (var i = 0; i < 100; i++) Frame(model, source, into);
        var before = GC.GetTotalMemory(true);
        var collections = GC.CollectionCount(0);
        for (var i = 0; i < 20000; i++) Frame(model, source, into);
        var grown = GC.GetTotalMemory(false) - before;
        Check.Equal(collections, GC.CollectionCount(0));
        Check.True(grown < 20000, "20000 frames allocate " + grown + " bytes");
    }

    private static void Frame(Things model, Texture2D source, Detection<Things.Label>[] into)
    {
        model.TrySubmit(source);
        Fake.FinishBoxes(Two);
        Stub.Frame();
        if (!model.TryGetDetections(into, out var count) || count != 2 || into[0].Score != 0.75f)
            throw new Exception("no detections");
    }

    private static Things Ready()
    {
        var model = new Things();
        model.Load();
        Fake.Ready(1);
        Check.Frames(1);
        return model;
    }

    private static Detections<Things.Label> Finished(Things model, float[] numbers)
    {
        var operation = model.Predict(new Texture2D(8, 8));
        Fake.FinishBoxes(numbers);
        Check.Frames(1);
        return operation.Result;
    }

    private static Detections<Things.Label> Polled(Things model, float[] numbers)
    {
        model.TrySubmit(new Texture2D(8, 8));
        Fake.FinishBoxes(numbers);
        Check.True(model.TryGetResult(out var found), "a result");
        return found;
    }
}
