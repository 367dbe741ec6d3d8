using System.Buffers;
using System.Text.Json;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Caching;

/// <summary>
/// A request's body as far as it can change the answer: members of the request and of each message in the order of their
/// names, no white space between tokens. Order inside of anything else may change what a model reads and stays, and so do
/// numbers and strings as they are written.
/// </summary>
internal static class CanonicalBody
{
    /// <summary>A request of so many members is nobody's: its order stays.</summary>
    private const int MostSorted = 64;

    private static readonly SearchValues<byte> Stops = SearchValues.Create("\" \t\r\n"u8);

    [ThreadStatic] private static JsonMembers? _scratch;

    /// <param name="peek">Where the body's members stand.</param>
    /// <param name="body">The request's bytes.</param>
    /// <param name="without">A member that is left out, beside those that never change an answer; empty: none.</param>
    /// <param name="output">Where it is written.</param>
    public static void Write(RequestPeek peek, ReadOnlyMemory<byte> body, ReadOnlySpan<byte> without, PooledWriter output)
    {
        JsonMembers members = peek.Members;
        Span<int> order = stackalloc int[MostSorted];
        int count = Order(members, body.Span, order);
        for (int i = 0; i < count; i++)
        {
            int index = members.Count > MostSorted ? i : order[i];
            if (index == peek.ModelMember || index == peek.StreamMember || index == peek.StreamOptionsMember || index == peek.WishesMember
                || ChangesNothing(members, index, body.Span) || (!without.IsEmpty && members.NameIs(body.Span, index, without)))
            {
                continue;
            }

            JsonMember member = members[index];
            WriteName(member, body.Span, output);
            if (member.Kind == JsonTokenType.StartArray && members.NameIs(body.Span, index, "messages"u8))
            {
                WriteMessages(body[member.ValueStart..member.ValueEnd], output);
            }
            else
            {
                Compact(member.Value(body.Span), output);
            }
        }
    }

    /// <summary>The text without white space between its tokens.</summary>
    public static void Compact(ReadOnlySpan<byte> json, PooledWriter output)
    {
        while (!json.IsEmpty)
        {
            int stop = json.IndexOfAny(Stops);
            if (stop < 0)
            {
                output.Write(json);
                return;
            }

            int end = json[stop] == '"' ? stop + StringLength(json[stop..]) : stop;
            output.Write(json[..end]);
            json = json[Math.Max(end, stop + 1)..];
        }
    }

    /// <summary>Who asks, and how the vendor files it.</summary>
    private static bool ChangesNothing(JsonMembers members, int index, ReadOnlySpan<byte> body) =>
        members.NameIs(body, index, "user"u8) || members.NameIs(body, index, "safety_identifier"u8) || members.NameIs(body, index, "prompt_cache_key"u8);

    private static void WriteMessages(ReadOnlyMemory<byte> array, PooledWriter output)
    {
        JsonMembers members = _scratch ??= new JsonMembers();
        Span<int> order = stackalloc int[MostSorted];
        output.Write("["u8);
        var messages = new JsonWalk(array);
        while (messages.Next())
        {
            ReadOnlySpan<byte> message = messages.Value.Span;
            if (messages.IsObject)
            {
                members.Read(message);
                output.Write("{"u8);
                int count = Order(members, message, order);
                for (int i = 0; i < count; i++)
                {
                    JsonMember member = members[members.Count > MostSorted ? i : order[i]];
                    WriteName(member, message, output);
                    Compact(member.Value(message), output);
                }

                output.Write("}"u8);
            }
            else
            {
                Compact(message, output);
            }

            output.Write(","u8);
        }

        output.Write("]"u8);
    }

    private static void WriteName(in JsonMember member, ReadOnlySpan<byte> json, PooledWriter output)
    {
        output.Write(json[member.NameStart..member.NameEnd]);
        output.Write(":"u8);
    }

    /// <summary>The members by name; of one name, as they came. Returns how many there are.</summary>
    private static int Order(JsonMembers members, ReadOnlySpan<byte> json, Span<int> order)
    {
        if (members.Count > MostSorted)
        {
            return members.Count;
        }

        for (int i = 0; i < members.Count; i++)
        {
            ReadOnlySpan<byte> name = json[members[i].NameStart..members[i].NameEnd];
            int at = i;
            while (at > 0 && name.SequenceCompareTo(json[members[order[at - 1]].NameStart..members[order[at - 1]].NameEnd]) < 0)
            {
                order[at] = order[at - 1];
                at--;
            }

            order[at] = i;
        }

        return members.Count;
    }

    /// <summary>From one quote to the other, both included.</summary>
    private static int StringLength(ReadOnlySpan<byte> json)
    {
        int at = 1;
        while (true)
        {
            int found = json[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (found < 0)
            {
                return json.Length;
            }

            at += found;
            if (json[at] == '"')
            {
                return at + 1;
            }

            at += 2;
        }
    }
}
