using System;
using System.Collections.Generic;
using System.Reflection;
using System.Reflection.Emit;

/// <summary>Reads the compiled code of methods: what they call, and whether they throw.</summary>
internal static class Intermediate
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<int, OpCode> Codes = new Dictionary<int, OpCode>();

    static Intermediate()
    {
        foreach (var field in typeof(OpCodes).GetFields())
        {
            var code = (OpCode)field.GetValue(null);
            Codes[(ushort)code.Value] = code;
        }
    }

    public static List<MethodBase> MethodsOf(Type type)
    {
        var methods = new List<MethodBase>(type.GetMethods(All));
        methods.AddRange(type.GetConstructors(All));
        return methods;
    }

    /// <summary>The way from a method to a throw through the assemblies' own code, or null where there is none.</summary>
    public static string WayToThrow(MethodBase from, Assembly[] assemblies, HashSet<MethodBase> seen = null)
    {
        seen = seen ?? new HashSet<MethodBase>();
        if (!seen.Add(from)) return null;
        var name = from.DeclaringType.Name + "." + from.Name;
        if (Scan(from, out var calls)) return name;
        foreach (var call in calls)
        foreach (var target in Targets(call, assemblies))
        {
            var rest = WayToThrow(target, assemblies, seen);
            if (rest != null) return name + " > " + rest;
        }
        return null;
    }

    // True when the method throws itself.
    private static bool Scan(MethodBase method, out List<MethodBase> calls)
    {
        calls = new List<MethodBase>();
        var code = method.GetMethodBody()?.GetILAsByteArray() ?? new byte[0];
        for (var at = 0; at < code.Length;)
        {
            var value = code[at] == 0xFE ? 0xFE00 | code[at + 1] : code[at];
            var operation = Codes[value];
            at += operation.Size;
            if (operation == OpCodes.Throw || operation == OpCodes.Rethrow) return true;
            if (operation.OperandType == OperandType.InlineMethod) calls.Add(Resolve(method, BitConverter.ToInt32(code, at)));
            at += OperandSize(operation, code, at);
        }
        return false;
    }

    private static MethodBase Resolve(MethodBase caller, int token)
    {
        var ofType = caller.DeclaringType.IsGenericType ? caller.DeclaringType.GetGenericArguments() : null;
        var ofMethod = caller.IsGenericMethod ? caller.GetGenericArguments() : null;
        return caller.Module.ResolveMethod(token, ofType, ofMethod);
    }

    // Every body of the assemblies that such a call can reach, virtual ones by name: rather too many than too few.
    private static List<MethodBase> Targets(MethodBase call, Assembly[] assemblies)
    {
        var targets = new List<MethodBase>();
        foreach (var assembly in assemblies)
        foreach (var type in assembly.GetTypes())
        foreach (var method in MethodsOf(type))
        {
            var same = method.Module == call.Module && method.MetadataToken == call.MetadataToken;
            var overrides = call.IsVirtual && method.IsVirtual && method.Name == call.Name &&
                method.GetParameters().Length == call.GetParameters().Length;
            if (same || overrides) targets.Add(method);
        }
        return targets;
    }

    private static int OperandSize(OpCode operation, byte[] code, int at)
    {
        switch (operation.OperandType)
        {
            case OperandType.InlineNone: return 0;
            case OperandType.ShortInlineBrTarget:
            case OperandType.ShortInlineI:
            case OperandType.ShortInlineVar: return 1;
            case OperandType.InlineVar: return 2;
            case OperandType.InlineI8:
            case OperandType.InlineR: return 8;
            case OperandType.InlineSwitch: return 4 + 4 * BitConverter.ToInt32(code, at);
            default: return 4;
        }
    }
}
