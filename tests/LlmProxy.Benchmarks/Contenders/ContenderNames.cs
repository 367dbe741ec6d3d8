namespace LlmProxy.Benchmarks.Contenders;

/// <summary>The contenders by the names that the command line and the tables use.</summary>
internal static class ContenderNames
{
    /// <summary>Plain YARP: everything is measured in its units.</summary>
    public const string Yarp = "yarp";

    /// <summary>The same again: its ratio shows what is noise.</summary>
    public const string Null = "null";

    public const string Nginx = "nginx";

    public const string Gateway = "gateway";

    public static IReadOnlyList<string> All { get; } = [Yarp, Null, Nginx, Gateway];
}
