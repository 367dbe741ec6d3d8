using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LlmProxy.Accounting.Journal;

/// <summary>
/// One file of the journal, its place on the disk taken beforehand. Written with pwrite: 0.4 µs a record, where a memory
/// map would take 0.1 and end the process on a full or failing disk.
/// </summary>
internal sealed partial class JournalSegment : IDisposable
{
    public const string Ending = ".journal";
    private readonly SafeFileHandle _file;
    private long _length;
    private long _synced;

    private JournalSegment(string path, int number, SafeFileHandle file, long length, long limit)
    {
        (Path, Number, _file, _length, Limit) = (path, number, file, length, limit);
    }

    public string Path { get; }

    public int Number { get; }

    /// <summary>How far whole records go.</summary>
    public long Length => Volatile.Read(ref _length);

    /// <summary>Where the next segment begins.</summary>
    public long Limit { get; set; }

    /// <summary>Throws when the disk has no room for it.</summary>
    public static JournalSegment Create(string directory, int number, long bytes)
    {
        string path = System.IO.Path.Combine(directory, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{number:D8}{Ending}"));
        return new JournalSegment(path, number, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, FileOptions.None, bytes), 0, bytes);
    }

    /// <summary>A dead process's.</summary>
    public static JournalSegment Open(string path)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        long length = RandomAccess.GetLength(file);
        return new JournalSegment(path, 0, file, length, length);
    }

    public bool Fits(int bytes) => Length + bytes <= Limit;

    /// <summary>A write that fails leaves no trace: the next one begins at the same place. One writer at a time.</summary>
    public void Append(ReadOnlySpan<byte> records)
    {
        RandomAccess.Write(_file, records, _length);
        Volatile.Write(ref _length, _length + records.Length);
    }

    /// <summary>Throws as a record would now.</summary>
    public void TryOut() => RandomAccess.Write(_file, stackalloc byte[RecordFrame.HeaderBytes], _length);

    public int Read(Span<byte> into, long at) => RandomAccess.Read(_file, into, at);

    /// <summary>What was appended so far outlives a power cut from here on.</summary>
    public void Sync()
    {
        long length = Length;
        if (length == Interlocked.Read(ref _synced))
        {
            return;
        }

        try
        {
            if (!OperatingSystem.IsLinux())
            {
                RandomAccess.FlushToDisk(_file);
            }
            else if (FDataSync(_file) != 0)
            {
                throw new IOException($"fdatasync of {Path} failed: {Marshal.GetLastPInvokeErrorMessage()}");
            }

            Interlocked.Exchange(ref _synced, length);
        }
        catch (ObjectDisposedException)
        {
            // Deleted meanwhile: all of it is in the database.
        }
    }

    public void Delete()
    {
        Dispose();
        File.Delete(Path);
    }

    public void Dispose() => _file.Dispose();

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FDataSync(SafeFileHandle file);
}
