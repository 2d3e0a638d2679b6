//! The files that are open, kept in this browser so that a reload shows them again. The files as they
//! were chosen, not what was read from them; the next ones take their place.

const [DATABASE, STORE, KEY] = ["tracewell", "files", "opened"];
/** Larger ones would cost more to keep than to choose again. */
const MAX_BYTES = 64 * 1024 * 1024;

const result = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser keeps no files"));
  });

async function store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  return (await result(opening)).transaction(STORE, mode).objectStore(STORE);
}

/** Storage may be forbidden or full; the files are then open until the page is left. */
export async function keep(files: File[]): Promise<void> {
  try {
    const small = files.reduce((bytes, { size }) => bytes + size, 0) <= MAX_BYTES;
    await result((await store("readwrite")).put(small ? files : [], KEY));
  } catch {
    // Nothing to do: they are open already.
  }
}

export async function kept(): Promise<File[]> {
  try {
    return ((await result((await store("readonly")).get(KEY))) as File[] | undefined) ?? [];
  } catch {
    return [];
  }
}
