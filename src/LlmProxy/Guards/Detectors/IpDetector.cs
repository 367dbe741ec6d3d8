using System.Buffers;
using System.Net;

namespace LlmProxy.Guards.Detectors;

/// <summary>Addresses of machines, IPv4 and IPv6; loopback and "any" say nothing about anybody.</summary>
internal sealed class IpDetector() : Detector("ip", "IP")
{
    private const int Shortest = 7;
    private const int Longest = 45;

    private static readonly SearchValues<char> Letters = SearchValues.Create("0123456789abcdefABCDEF:.");
    private static readonly SearchValues<char> Begins = SearchValues.Create("0123456789abcdefABCDEF:");

    public override bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length)
    {
        for (int at = from; at < text.Length;)
        {
            int next = text[at..].IndexOfAny(Begins);
            if (next < 0)
            {
                break;
            }

            start = at + next;
            int run = text[start..].IndexOfAnyExcept(Letters);
            run = run < 0 ? text.Length - start : run;
            at = start + run;
            while (run > 0 && text[start + run - 1] is '.' or ':')
            {
                run--; // The end of a sentence.
            }

            // A port behind an IPv4 address is no part of it.
            ReadOnlySpan<char> candidate = text.Slice(start, run);
            int colon = candidate.IndexOf(':');
            bool isVersion4 = candidate.Contains('.') && (colon < 0 || candidate.LastIndexOf(':') == colon);
            length = isVersion4 && colon >= 0 ? colon : run;
            if (length is >= Shortest and <= Longest && !IsWordAt(text, start - 1) && !IsWordAt(text, start + length) && IsAddress(candidate[..length], isVersion4))
            {
                return true;
            }
        }

        return None(out start, out length);
    }

    private static bool IsAddress(ReadOnlySpan<char> text, bool isVersion4)
    {
        int marks = text.Count(isVersion4 ? '.' : ':');
        return (isVersion4 ? marks == 3 && !HasLeadingZero(text) : marks >= 3)
            && IPAddress.TryParse(text, out IPAddress? address)
            && !IPAddress.IsLoopback(address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any);
    }

    private static bool HasLeadingZero(ReadOnlySpan<char> text)
    {
        for (int i = 0; i + 1 < text.Length; i++)
        {
            if (text[i] == '0' && char.IsAsciiDigit(text[i + 1]) && (i == 0 || text[i - 1] == '.'))
            {
                return true;
            }
        }

        return false;
    }
}
