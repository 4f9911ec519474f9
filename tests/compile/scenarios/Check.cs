using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using UnityEngine;

/// <summary>Assertions, and the frames of the game.</summary>
internal static class Check
{
    public static void Equal<T>(T expected, T actual)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            throw new Exception("expected <" + expected + ">, got <" + actual + ">");
    }

    public static void Contains(string part, string text)
    {
        if (text == null || !text.Contains(part)) throw new Exception("<" + part + "> is not in <" + text + ">");
    }

    public static void True(bool condition, string what)
    {
        if (!condition) throw new Exception("not true: " + what);
    }

    /// <summary>What a task that has ended in failure threw.</summary>
    public static T Thrown<T>(Task task) where T : Exception
    {
        True(task.IsCompleted, "the task has ended");
        var exception = task.IsCanceled ? new OperationCanceledException() : task.Exception?.InnerException;
        var wanted = exception as T;
        if (wanted == null) throw new Exception("expected " + typeof(T).Name + ", got " + (exception?.ToString() ?? "nothing"));
        return wanted;
    }

    /// <summary>No errors or warnings were logged.</summary>
    public static void LogIsEmpty() => Equal("", string.Join("\n", Stub.Logs));

    public static void Frames(int count = 2)
    {
        for (var i = 0; i < count; i++) Stub.Frame();
    }
}
