using System;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;

public static class TwoStages
{
    private const int Classifier = 1, Detector = 2;
    private static readonly float[] Cat = { 0, 0.9f, 0.25f, 0.5f, 0.25f, 0.25f };
    private static readonly float[] Light = { 1, 0.8f, 0, 0, 0.5f, 0.5f };

    public static void TheBoxIsLookedAtAsASquare()
    {
        using (var stages = Ready())
        {
            var photo = new Texture2D(400, 200);
            stages.Enlarge = 1.2f;
            Check.True(stages.TrySubmit(photo, 0), "the detector looks");
            Check.Equal(0, Graphics.Blits.Count);
            Fake.FinishBoxes(Cat, Detector);
            Check.True(stages.TrySubmit(photo, 0.1), "the classifier looks");
            // 100x50 pixels around (150, 75), 75 from below: a square of 120.
            Check.Equal("400x200 -> 256x256 scale 0.3 0.6 offset 0.225 0.075", Graphics.Blits[0]);
            Fake.Finish(Classifier);
            Check.True(stages.TryGetResult(out var found), "a result");
            Check.Equal("Seven 0.7", found.Label + " " + found.Score);
            Check.Equal("Cat", found.Thing.Label.ToString());
            Check.Equal(0.25f, found.Thing.Box.x);
            Check.True(!stages.TryGetResult(out _), "each one once");
        }
    }

    public static void SquaresStayInThePicture()
    {
        var square = TwoStage<Things.Label, HandSigns.Label>.Square(new Rect(0, 0.75f, 0.5f, 0.25f), 100, 100, 1);
        Check.Equal("(x:0, y:0.5, width:0.5, height:0.5)", square.ToString());
        square = TwoStage<Things.Label, HandSigns.Label>.Square(new Rect(0, 0, 1, 1), 200, 100, 2);
        Check.Equal("(x:0.25, y:0, width:0.5, height:1)", square.ToString());
    }

    public static void TheDetectorDoesNotLookAtEveryPicture()
    {
        using (var stages = Ready())
        {
            var photo = new Texture2D(8, 8);
            stages.TrySubmit(photo, 0);
            Fake.FinishBoxes(Cat, Detector);
            for (var i = 1; i <= 9; i++)
            {
                stages.TrySubmit(photo, i * 0.1);
                Fake.FinishBoxes(Cat, Detector);
                Fake.Finish(Classifier);
            }
            Check.Equal(2, stages.Detector.Stats.Submitted);
            Check.Equal(9, stages.Classifier.Stats.Submitted);
        }
    }

    public static void ALostThingIsLookedForAtOnce()
    {
        using (var stages = Ready())
        {
            var photo = new Texture2D(8, 8);
            for (var i = 0; i < 3; i++)
            {
                stages.TrySubmit(photo, i * 0.1);
                Fake.FinishBoxes(new float[0], Detector);
            }
            Check.Equal(3, stages.Detector.Stats.Submitted);
            Check.Equal(0, stages.Classifier.Stats.Submitted);
            Check.True(stages.Thing == null, "nothing");
        }
    }

    public static void OtherThingsDoNotCount()
    {
        using (var stages = Ready())
        {
            stages.Only = Things.Label.Cat;
            stages.TrySubmit(new Texture2D(8, 8), 0);
            Fake.FinishBoxes(Light, Detector);
            Check.True(stages.TrySubmit(new Texture2D(8, 8), 0.1), "it looks again");
            Check.True(stages.Thing == null, "a light is no cat");
        }
    }

    public static void ResultsKeepTheBoxThatTheyAreAbout()
    {
        using (var stages = Ready())
        {
            var photo = new Texture2D(8, 8);
            stages.Interval = 0;
            stages.TrySubmit(photo, 0);
            Fake.FinishBoxes(Cat, Detector);
            stages.TrySubmit(photo, 0.1);
            Fake.FinishBoxes(Light, Detector);
            stages.TrySubmit(photo, 0.2);
            Fake.Finish(Classifier);
            Check.True(stages.TryGetResult(out var first), "of the first box");
            Check.Equal(Things.Label.Cat, first.Thing.Label);
            Fake.Finish(Classifier);
            Check.True(stages.TryGetResult(out var second), "of the second one");
            Check.Equal(Things.Label.TrafficLight, second.Thing.Label);
        }
    }

    public static void DisposesBothModels()
    {
        var stages = Ready();
        stages.TrySubmit(new Texture2D(8, 8), 0);
        stages.Dispose();
        stages.Dispose();
        Check.Equal(0, Fake.Live());
        Check.True(!stages.TrySubmit(new Texture2D(8, 8), 1), "gone");
        Check.True(!stages.TryGetResult(out _), "gone");
    }

    public static void FramesMakeNoGarbage()
    {
        var stages = Ready();
        var photo = new Texture2D(64, 64);
        for (var i = 0; i < 100; i++) Frame(stages, photo, i * 0.01);
        Graphics.Blits.Clear();
        var before = GC.GetTotalMemory(true);
        var collections = GC.CollectionCount(0);
        for (var i = 100; i < 5000; i++) Frame(stages, photo, i * 0.01);
        var grown = GC.GetTotalMemory(false) - before;
        Check.Equal(collections, GC.CollectionCount(0));
        Check.True(grown < 4900, "4900 frames allocate " + grown + " bytes");
    }

    private static void Frame(TwoStage<Things.Label, HandSigns.Label> stages, Texture2D photo, double time)
    {
        Graphics.Silent = true;
        stages.TrySubmit(photo, time);
        Fake.FinishBoxes(Cat, Detector);
        Fake.FinishWith(Scores, Classifier);
        Stub.Frame();
        stages.TryGetResult(out _);
    }

    private static readonly float[] Scores = { 2, 0.7f, 0, 0.2f, 1, 0.1f };

    private static TwoStage<Things.Label, HandSigns.Label> Ready()
    {
        Graphics.Blits.Clear();
        var stages = new TwoStage<Things.Label, HandSigns.Label>(new Things(), new HandSigns());
        stages.TrySubmit(new Texture2D(8, 8), -10);
        Fake.Ready(Classifier);
        Fake.Ready(Detector);
        Check.Frames(1);
        return stages;
    }
}
