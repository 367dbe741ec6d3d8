using System.Globalization;
using LlmProxy.Benchmarks.Cells;
using LlmProxy.Benchmarks.Contenders;

namespace LlmProxy.Benchmarks;

/// <summary>What the command line asks for.</summary>
internal sealed record BenchmarkOptions
{
    public const string Help = """
        Measures the gateway against plain YARP: processor time, never absolute speed.

          --cells plain,stream      only these cells (default: all)
          --contenders yarp,null    only these contenders (default: yarp,null,nginx,gateway)
          --rounds 5                measured rounds per cell
          --window 4                seconds of one measured stretch (default: each cell's own)
          --seed 1                  seed of the contenders' order (default: drawn and printed)
          --memory-streams 1000     streams held open by the memory cell, up to 5000
          --gateway PATH            the LlmProxy.dll to measure (default: this repository's, same configuration)
          --gateway-env NAME=VALUE  a variable for the gateway's process (with --only: the loaded one's); may be repeated
          --limit 40                minutes after which the run gives up
          --keep                    keep the run's folder: logs, configurations, the gateway's data
          --update-docs             write the tables into docs/benchmarks.md

          tokens                    how fast tokens are counted, by kind of text; no gateway is started

          --only plain --contender gateway --seconds 20
                                    just load one contender with one cell, for a profiler
        """;

    public IReadOnlyList<string> CellNames { get; private set; } = [];

    public IReadOnlyList<string> Arms { get; private set; } = ContenderNames.All;

    public int Rounds { get; private set; } = 5;

    public TimeSpan? Window { get; private set; }

    public int Seed { get; private set; } = Random.Shared.Next(1, 1_000_000);

    public int MemoryStreams { get; private set; } = 1000;

    public string GatewayPath { get; private set; } = Repository.GatewayPath;

    public Dictionary<string, string> GatewayEnvironment { get; } = [];

    public TimeSpan Limit { get; private set; } = TimeSpan.FromMinutes(40);

    public bool Keep { get; private set; }

    public bool UpdateDocs { get; private set; }

    /// <summary>The cell to load one contender with, without measuring rounds.</summary>
    public string? Only { get; private set; }

    public string ProfiledContender { get; private set; } = ContenderNames.Gateway;

    public TimeSpan Seconds { get; private set; } = TimeSpan.FromSeconds(20);

    /// <summary>Reads the arguments; throws <see cref="FormatException"/> with what is wrong.</summary>
    public static BenchmarkOptions Parse(string[] args)
    {
        BenchmarkOptions options = new();
        for (int i = 0; i < args.Length; i++)
        {
            string name = args[i];
            string Value() => ++i < args.Length ? args[i] : throw new FormatException($"{name} needs a value");
            switch (name)
            {
                case "--cells": options.CellNames = List(Value(), Catalogue.Names); break;
                case "--contenders": options.Arms = List(Value(), ContenderNames.All); break;
                case "--rounds": options.Rounds = (int)Number(name, Value(), 1, 100); break;
                case "--window": options.Window = TimeSpan.FromSeconds(Number(name, Value(), 0.1, 120)); break;
                case "--seed": options.Seed = (int)Number(name, Value(), 0, int.MaxValue); break;
                case "--memory-streams": options.MemoryStreams = (int)Number(name, Value(), 1, 5000); break;
                case "--gateway": options.GatewayPath = Path.GetFullPath(Value()); break;
                case "--gateway-env": options.AddGatewayVariable(Value()); break;
                case "--limit": options.Limit = TimeSpan.FromMinutes(Number(name, Value(), 0.1, 600)); break;
                case "--keep": options.Keep = true; break;
                case "--update-docs": options.UpdateDocs = true; break;
                case "--only": options.Only = List(Value(), Catalogue.Names)[0]; break;
                case "--contender": options.ProfiledContender = List(Value(), ContenderNames.All)[0]; break;
                case "--seconds": options.Seconds = TimeSpan.FromSeconds(Number(name, Value(), 1, 3600)); break;
                default: throw new FormatException($"unknown argument {name}");
            }
        }
        return options;
    }

    private void AddGatewayVariable(string text)
    {
        string[] parts = text.Split('=', 2);
        GatewayEnvironment[parts[0]] = parts.Length == 2 ? parts[1] : throw new FormatException($"{text} is not NAME=VALUE");
    }

    private static string[] List(string text, IReadOnlyList<string> known)
    {
        string[] names = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string? unknown = names.FirstOrDefault(n => !known.Contains(n));
        return unknown is null && names.Length > 0
            ? names
            : throw new FormatException($"{unknown ?? "an empty list"} is none of: {string.Join(", ", known)}");
    }

    private static double Number(string name, string text, double least, double most) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= least && value <= most
            ? value
            : throw new FormatException($"{name} must be a number from {least} to {most}");
}
