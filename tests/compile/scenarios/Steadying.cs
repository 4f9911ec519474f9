using System;
using TfjsBridge;
using TfjsBridge.Models;
using UnityEngine;
using Sign = TfjsBridge.Models.HandSigns.Label;

public static class Steadying
{
    public static void ScoresFollowAnExponentialAtAnyFrameRate()
    {
        foreach (var framesPerSecond in new[] { 5, 30, 120 })
        {
            var sign = new StableLabel<Sign>(timeConstant: 0.5f, holdTime: 0, minConfidence: 0);
            var game = new Game();
            sign.Add(game.Says(Sign.Zero, 1), 0);
            for (var i = 1; i <= 2 * framesPerSecond; i++) sign.Add(game.Says(Sign.One, 0.9f), (double)i / framesPerSecond);
            Near(Math.Exp(-4), sign.ScoreOf(Sign.Zero));
            Near(0.9 * (1 - Math.Exp(-4)), sign.ScoreOf(Sign.One));
            Check.Equal(0f, sign.ScoreOf(Sign.Seven));
        }
    }

    public static void FirstPredictionCountsWhole()
    {
        var sign = new StableLabel<Sign>(timeConstant: 10, holdTime: 0, minConfidence: 0.5f);
        Check.True(sign.Label == null && sign.Score == 0 && sign.ScoreOf(Sign.One) == 0, "none yet");
        Check.True(sign.Add(new Game().Says(Sign.One, 0.8f), 7), "changed");
        Check.True(sign.Label == Sign.One, "one");
        Check.Equal(0.8f, sign.Score);
        Check.Equal(0f, sign.ScoreOf((Sign)99));
        Check.Equal(0f, sign.ScoreOf((Sign)(-1)));
    }

    public static void AnotherClassHasToLeadForTheHoldTime()
    {
        var sign = new StableLabel<Sign>(timeConstant: 0, holdTime: 0.25f, minConfidence: 0);
        var game = new Game();
        Check.True(!sign.Add(game.Says(Sign.One, 0.9f), 0), "the first one too");
        Check.True(sign.Add(game.Says(Sign.One, 0.9f), 0.25) && sign.Label == Sign.One, "held");
        sign.Add(game.Says(Sign.Seven, 0.9f), 0.5);
        sign.Add(game.Says(Sign.Seven, 0.9f), 0.7);
        sign.Add(game.Says(Sign.One, 0.9f), 0.72);
        Check.True(!sign.Add(game.Says(Sign.Seven, 0.9f), 0.8) && sign.Label == Sign.One, "a flicker begins anew");
        Check.True(!sign.Add(game.Says(Sign.Zero, 0.9f), 1), "another rival too");
        Check.True(!sign.Add(game.Says(Sign.Zero, 0.9f), 1.2), "0.2 s");
        Check.True(sign.Add(game.Says(Sign.Zero, 0.9f), 1.25) && sign.Label == Sign.Zero, "0.25 s");
        Check.True(!sign.Add(game.Says(Sign.Zero, 0.9f), 1.3), "told once");
    }

    public static void WeakScoresAreNone()
    {
        var sign = new StableLabel<Sign>(timeConstant: 0, holdTime: 0.1f, minConfidence: 0.6f);
        var game = new Game();
        sign.Add(game.Says(Sign.One, 0.59f), 0);
        Check.True(!sign.Add(game.Says(Sign.One, 0.59f), 1) && sign.Label == null, "below");
        sign.Add(game.Says(Sign.One, 0.6f), 2);
        Check.True(sign.Add(game.Says(Sign.One, 0.6f), 2.2) && sign.Label == Sign.One, "at it");
        Check.True(!sign.Add(game.Says(Sign.One, 0.3f), 3) && sign.Label == Sign.One, "held");
        Check.True(sign.Add(game.Says(Sign.One, 0.3f), 3.2) && sign.Label == null, "none again");
        Check.Equal(0f, sign.Score);
        sign.MinConfidence = 0.2f;
        sign.HoldTime = 0;
        Check.True(sign.Add(game.Says(Sign.One, 0.3f), 3.3) && sign.Label == Sign.One, "settings can change at any time");
    }

    public static void AScoreAtTheThresholdDoesNotFlicker()
    {
        var sign = new StableLabel<Sign>(timeConstant: 0, holdTime: 0, minConfidence: 0.6f, hysteresis: 0.15f);
        var game = new Game();
        Check.True(!sign.Add(game.Says(Sign.One, 0.5f), 0), "not on below the upper threshold");
        Check.True(sign.Add(game.Says(Sign.One, 0.61f), 1) && sign.Label == Sign.One, "on");
        for (var i = 2; i < 20; i++) Check.True(!sign.Add(game.Says(Sign.One, i % 2 == 0 ? 0.46f : 0.7f), i), "it stays");
        Check.True(sign.Add(game.Says(Sign.One, 0.44f), 20) && sign.Label == null, "off below the lower one");
        Check.True(!sign.Add(game.Says(Sign.One, 0.5f), 21) && sign.Label == null, "and on again only above the upper one");
        sign.Add(game.Says(Sign.One, 0.7f), 22);
        Check.True(!sign.Add(game.SaysPairs(1, 0.47f, 2, 0.5f), 23) && sign.Label == Sign.One, "a weak rival changes nothing");
        Check.True(sign.Add(game.SaysPairs(1, 0.1f, 2, 0.65f), 24) && sign.Label == Sign.Seven, "a strong one does");
        sign.Hysteresis = 0;
        Check.True(sign.Add(game.Says(Sign.Seven, 0.59f), 25) && sign.Label == null, "one threshold");
    }

    public static void ClassesThatAreNotReportedFade()
    {
        var sign = new StableLabel<Sign>(timeConstant: 1, holdTime: 0, minConfidence: 0);
        var game = new Game();
        sign.Add(game.Says(Sign.One, 0.8f), 0);
        sign.Add(game.SaysPairs(2, 0.5f), 1);
        Near(0.8 * Math.Exp(-1), sign.ScoreOf(Sign.One));
        Near(0.5 * (1 - Math.Exp(-1)), sign.ScoreOf(Sign.Seven));
    }

    public static void OddScoresDoNoHarm()
    {
        var sign = new StableLabel<Sign>(timeConstant: 0, holdTime: 0, minConfidence: 0.5f);
        var game = new Game();
        sign.Add(game.SaysPairs(1, float.NaN, 7, 0.9f, -1, 0.9f), 0);
        Check.True(sign.Label == null, "nothing usable");
        Check.True(sign.Add(game.Says(Sign.One, 0.8f), 1), "it goes on");
        Check.Equal(0.8f, sign.Score);
        Check.True(!sign.Add(default(Prediction<Sign>), 2) && sign.Label == Sign.One, "an empty one");
        var old = game.Says(Sign.Zero, 0.9f);
        game.Says(Sign.Seven, 0.9f);
        Check.True(!sign.Add(old, 3) && sign.Label == Sign.One, "a replaced one");
    }

    public static void ResetAndANewPlayModeForget()
    {
        var sign = new StableLabel<Sign>(timeConstant: 5, holdTime: 0, minConfidence: 0.1f);
        var game = new Game();
        sign.Add(game.Says(Sign.One, 0.8f), 100);
        sign.Reset();
        Check.True(sign.Label == null && sign.Score == 0 && sign.ScoreOf(Sign.One) == 0, "forgotten");
        sign.Add(game.Says(Sign.Seven, 0.7f), 101);
        Check.Equal(0.7f, sign.Score);
        Check.True(sign.Add(game.Says(Sign.Zero, 0.9f), 0.5), "the clock went back");
        Check.Equal(0.9f, sign.Score);
        Check.Equal(0f, sign.ScoreOf(Sign.Seven));
    }

    public static void UsesTheTimeOfTheGame()
    {
        var sign = new StableLabel<Sign>(timeConstant: 0, holdTime: 0.5f, minConfidence: 0);
        var game = new Game();
        var frames = 0;
        do Check.Frames(1); while (!sign.Add(game.Says(Sign.One, 0.9f)) && ++frames < 100);
        Check.True(frames >= 29 && frames <= 31, "half a second of frames, not " + frames);
    }

    private static void Near(double expected, float actual)
    {
        if (Math.Abs(expected - actual) > 1e-5) throw new Exception("expected " + expected + ", got " + actual);
    }

    /// <summary>A ready model that says what it is told.</summary>
    private sealed class Game
    {
        private static int _handles;

        private readonly HandSigns _model = new HandSigns();
        private readonly Texture2D _texture = new Texture2D(8, 8);
        private readonly int _handle = ++_handles;

        public Game()
        {
            _model.Load();
            Fake.Ready(_handle);
        }

        public Prediction<Sign> Says(Sign label, float score) => SaysPairs((int)label, score);

        public Prediction<Sign> SaysPairs(params float[] pairs)
        {
            _model.TrySubmit(_texture);
            Fake.FinishWith(pairs, _handle);
            Check.True(_model.TryGetResult(out var result), "a result");
            return result;
        }
    }
}
