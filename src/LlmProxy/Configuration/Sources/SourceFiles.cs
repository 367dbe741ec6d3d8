namespace LlmProxy.Configuration.Sources;

/// <summary>A file that shaped the configuration, and the mark of what it held then; empty: it could not be read.</summary>
internal readonly record struct WatchedFile(string Path, string Mark)
{
    /// <summary>Length and FNV-1a: it only has to tell one edit from another, and costs a start no cryptographic library.</summary>
    public static string MarkOf(ReadOnlySpan<byte> content)
    {
        ulong hash = 14695981039346656037;
        foreach (byte one in content)
        {
            hash = (hash ^ one) * 1099511628211;
        }

        return $"{content.Length:x}-{hash:x16}";
    }
}

/// <summary>Reads the files of one load, each once, and remembers them for the watcher.</summary>
internal sealed class SourceFiles(string workingDirectory)
{
    /// <summary>Far above any configuration; keeps a mistyped path from filling the memory.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    public const string NotThere = "does not exist";

    private readonly OrderedDictionary<string, ReadFile> _read = new(StringComparer.Ordinal);

    public IReadOnlyList<WatchedFile> Watched
    {
        get
        {
            var watched = new List<WatchedFile>(_read.Count);
            foreach ((string path, ReadFile file) in _read)
            {
                watched.Add(new WatchedFile(path, file.Content is { } content ? WatchedFile.MarkOf(content) : ""));
            }

            return watched;
        }
    }

    public string FullPath(string path) => Path.GetFullPath(path, workingDirectory);

    /// <summary>Null when it cannot be read; the problem then says why in an operator's words.</summary>
    public byte[]? Read(string path, out string? problem)
    {
        string full = FullPath(path);
        if (!_read.TryGetValue(full, out ReadFile? file))
        {
            file = ReadAll(full);
            _read.Add(full, file);
        }

        problem = file.Problem;
        return file.Content;
    }

    private static ReadFile ReadAll(string path)
    {
        try
        {
            // Asked before it is tried: a start looks for files that are usually not there, and exceptions are slow.
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                return new ReadFile(null, Directory.Exists(path) ? "is a directory" : NotThere);
            }

            return file.Length > MaxBytes ? new ReadFile(null, "is larger than 16 MB") : new ReadFile(File.ReadAllBytes(path), null);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return new ReadFile(null, NotThere);
        }
        catch (UnauthorizedAccessException)
        {
            return new ReadFile(null, "may not be read by this user");
        }
        catch (IOException)
        {
            return new ReadFile(null, "cannot be read");
        }
    }

    private sealed record ReadFile(byte[]? Content, string? Problem);
}
